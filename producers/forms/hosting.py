"""GET /f/{source_id}: the hosted form of a source, its thank-you page, and the snippet that puts it into another page.

Sources come from a cache. Who asks for what is in none is counted by address before the table is asked, so that guessing ids is
slow, and costs PostgreSQL next to nothing.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse

from infra.gateway.problems import Problem, not_found, unavailable
from infra.gateway.services import Services, Used
from producers.forms import pages
from producers.forms.browsers import FORM_PREFIX
from producers.forms.reading.names import campaign_parameter
from producers.forms.reading.shapes import is_url
from producers.forms.source_cache import SourceCache, SourcesUnavailable
from producers.forms.sources import SOURCE_ID, IntakeSource, Sources
from producers.forms.told_on_pages import route_class
from producers.forms.translate import VISITOR_FIELD
from schemas.activities import VISITOR_ID

SourceId = Annotated[str, Path(pattern=SOURCE_ID)]
PARAMETERS_MAX: Final = 100
URL_CHARACTERS_MAX: Final = 2_000
NOT_FOUND: Final = 404
NO_FORM: Final = ("There is no form here", "The address may be cut off, or the form was closed.")
LATER: Final = ("Just a moment", "The form can't be shown just now. Please load this page again in a moment.")
INTAKE: Final = "/v1/intake/"
_ANYWHERE: Final = ("*",)

# Runs in other people's pages: leaves nothing global, loads nothing but the form, and tells it where it stands. Whose browser
# it is it tells only where the tracking snippet was allowed to know; a form that somebody has begun to fill in is left alone.
SNIPPET: Final = """(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !script.parentNode) return;
  var told = new URLSearchParams(location.search);
  told.set("page_url", location.href.split("#")[0].slice(0, 1000));
  if (document.referrer) told.set("referrer", document.referrer.slice(0, 1000));
  var frame = document.createElement("iframe");
  function show() {
    var visitor = window.leadflow && window.leadflow.visitor && window.leadflow.visitor();
    if (visitor) told.set(%(field)s, visitor);
    else told["delete"](%(field)s);
    frame.src = %(url)s + "?" + told.toString();
  }
  told["delete"](%(field)s);
  show();
  document.addEventListener("leadflow", function () { if (document.activeElement !== frame) show(); });
  frame.title = %(title)s;
  frame.loading = "lazy";
  frame.style.border = "0";
  frame.style.width = "100%%";
  frame.style.height = (parseInt(script.getAttribute("data-height"), 10) || 860) + "px";
  script.parentNode.insertBefore(frame, script.nextSibling);
})();
"""


def _refused(_request: Request, problem: Problem) -> HTMLResponse:
    """The page for it, which may stand in a frame as the form would. In English: the form's words are not at hand."""
    title, text = NO_FORM if problem.status == NOT_FOUND else LATER
    html = pages.page(title, text)
    return HTMLResponse(html, problem.status, headers={**_page_headers(_ANYWHERE), **problem.headers, "Vary": "Accept"})


router = APIRouter(route_class=route_class(_refused), prefix=FORM_PREFIX.rstrip("/"), tags=["hosted forms"])


class Shown(NamedTuple):
    """A source that takes posts from browsers, and how its form looks."""

    source: IntakeSource
    settings: pages.FormSettings


async def _shown(source_id: SourceId, request: Request, given: Used) -> Shown:
    """A source that takes posts from browsers, which can sign nothing. Raises Problem 404, 429, 503."""
    cache = _cache(request, given)
    source = cache.known(source_id)
    if source is None:
        given.form_limits.check(given.addresses.of(request.scope))
        try:
            source = await cache.get(source_id)
        except SourcesUnavailable:
            raise unavailable("The list of sources") from None
    if source is None or source.deleted or source.signed:
        raise not_found("form")
    return Shown(source, pages.FormSettings() if source.form is None else pages.FormSettings.model_validate(dict(source.form)))


def _cache(request: Request, given: Services) -> SourceCache:
    """This app's, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "form_sources"):
        state.form_sources = SourceCache(Sources.of(given))
    cache: SourceCache = state.form_sources
    return cache


Asked = Annotated[Shown, Depends(_shown)]


@router.get("/{source_id}.js", response_class=Response, responses={200: {"content": {"text/javascript": {}}}})
async def snippet(shown: Asked, given: Used) -> Response:
    """`<script src=".../f/{source_id}.js"></script>` shows the form where it stands, and tells it the page's campaign."""
    source, settings = shown
    url = f"{given.settings.gateway.public_url.rstrip('/')}{FORM_PREFIX}{source.id}"
    script = SNIPPET % {"url": _literal(url), "title": _literal(settings.title), "field": _literal(VISITOR_FIELD)}
    return Response(script, media_type="text/javascript", headers=_headers(source) | {"Cache-Control": "public, max-age=300"})


@router.get("/{source_id}/thanks", response_class=HTMLResponse)
async def thanks(shown: Asked) -> HTMLResponse:
    """Where a posted form leads to."""
    source, settings = shown
    text = settings.thanks if source.origin.confirmed_as is None else settings.check_mail
    return HTMLResponse(pages.page(settings.title, text, language=settings.language), headers=_headers(source))


@router.get("/{source_id}", response_class=HTMLResponse)
async def form(
    shown: Asked,
    request: Request,
    page_url: str | None = None,
    referrer: str | None = None,
    lf_visitor: str | None = None,
) -> HTMLResponse:
    """The form. Campaign parameters and click ids of this address go along with what is sent; needs no script.

    What else stands there are hints: the form is shown whatever they say.
    """
    source, settings = shown
    hidden = {
        name: value
        for name, value in request.query_params.multi_items()[:PARAMETERS_MAX]
        if campaign_parameter(name) is not None and value.strip()
    }
    told = {"page_url": page_url, "referrer": referrer}
    hidden |= {name: at for name, at in told.items() if at is not None and len(at) <= URL_CHARACTERS_MAX and is_url(at)}
    if lf_visitor is not None and VISITOR_ID.fullmatch(lf_visitor):
        hidden[VISITOR_FIELD] = lf_visitor
    html = pages.form_page(settings, f"{INTAKE}{quote(source.id)}", hidden)
    return HTMLResponse(html, headers=_headers(source))


def _headers(source: IntakeSource) -> dict[str, str]:
    """`frame-ancestors` decides where browsers know it, and all that show frames do."""
    return _page_headers(("'self'", *sorted(source.allowed_origins)) if source.allowed_origins else _ANYWHERE)


def _page_headers(framed_by: Sequence[str]) -> dict[str, str]:
    return {
        "Content-Security-Policy": pages.policy(framed_by),
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


def _literal(text: str) -> str:
    """A JavaScript string."""
    return orjson.dumps(text).decode().replace("<", "\\u003c")
