"""GET /f/{source_id}/confirm/{ticket}: what was ticked, and a button; POST -> leads.commands: it counts.

Mail scanners follow links, so only the button changes anything. The ticket is all that it takes, and tells its reader nothing.
People get a page also where something is wrong; who asks for JSON gets the problem.
"""

import time
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from infra.crypto.tickets import TICKET_CHARACTERS_MAX, BadTicket, ExpiredTicket
from infra.gateway import answers
from infra.gateway.appending import append
from infra.gateway.outcomes import Decided
from infra.gateway.problems import Problem, not_found, unavailable
from infra.gateway.services import Services, Used
from infra.kafka.ports import Outgoing
from infra.mail.confirming import Asked, Confirmations
from producers.forms import pages
from producers.forms.browsers import FORM_PREFIX
from producers.forms.sources import SOURCE_ID, STORE_AWAY, Sources
from producers.forms.told_on_pages import OUR_FAULT, route_class
from schemas.commands import ConfirmConsent
from schemas.envelope import Envelope, derived_id, trace_of
from schemas.message import LeadId
from schemas.topics import COMMANDS

SOURCE: Final = "gateway"
SourceId = Annotated[str, Path(pattern=SOURCE_ID)]
Ticket = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]+$", max_length=TICKET_CHARACTERS_MAX)]


def _refused(request: Request, problem: Problem) -> HTMLResponse:
    """The page for it; its words are the form's as far as that could be read."""
    settings: pages.FormSettings = getattr(request.state, "form", None) or pages.FormSettings()
    if problem.status < OUR_FAULT:
        return _page(settings, settings.wrong_link, status=problem.status)
    html = pages.again_page(settings) if request.method == "POST" else None
    answer = _page(settings, settings.try_again, status=problem.status, html=html)
    answer.headers.update(problem.headers)
    return answer


def _page(settings: pages.FormSettings, text: str, *, status: int = 200, html: str | None = None) -> HTMLResponse:
    html = html or pages.page(settings.confirm_title, text, language=settings.language)
    return HTMLResponse(html, status_code=status, headers=_headers())


def _headers() -> dict[str, str]:
    """Nobody frames the page, keeps it, or is told its address."""
    return {
        "Content-Security-Policy": pages.policy(()),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }


router = APIRouter(route_class=route_class(_refused), prefix=FORM_PREFIX.rstrip("/"), tags=["hosted forms"])


@router.get("/{source_id}/confirm/{ticket}", response_class=HTMLResponse)
async def ask_to_confirm(source_id: SourceId, ticket: Ticket, request: Request, given: Used) -> HTMLResponse:
    """Where the mail of a form with double opt-in leads to. Changes nothing; 410 once the link is good no more."""
    settings = request.state.form = await _settings(source_id, given)
    asked = _asked(source_id, ticket, given)
    if asked is None:
        return _page(settings, settings.expired, status=410)
    return HTMLResponse(pages.confirm_page(settings, asked.wording), headers=_headers())


@router.post("/{source_id}/confirm/{ticket}", response_class=HTMLResponse)
async def confirm(source_id: SourceId, ticket: Ticket, request: Request, given: Used) -> HTMLResponse:
    """What was ticked counts from now on. Twice is once; 410 once the link is good no more, and where the person is forgotten."""
    settings = request.state.form = await _settings(source_id, given)
    asked = _asked(source_id, ticket, given)
    if asked is None:
        return _page(settings, settings.expired, status=410)
    command = ConfirmConsent(
        lead=LeadId(asked.lead),
        command_id=derived_id(ticket, "confirmation", 0),
        actor=f"source:{source_id}",
        agreement=asked.agreement,
    )
    outcome = await given.outcomes.of(command.command_id)
    if outcome is None:
        await _publish(command, given, request.headers.get("traceparent"))
        found = await answers.awaited(given, command.command_id)
        outcome = found if isinstance(found, Decided) else None
    # What isn't decided yet stands in the log, and will be.
    if outcome is None or outcome.status == "done":
        return _page(settings, settings.confirmed)
    return _page(settings, settings.expired, status=410)


async def _settings(source_id: str, given: Services) -> pages.FormSettings:
    """How the form looks, also one that takes nothing any more: what was sent before may be confirmed. Raises Problem."""
    try:
        source = await Sources.of(given).load(source_id)
    except STORE_AWAY:
        raise unavailable("The list of sources") from None
    if source is None:
        raise not_found("form")
    return pages.FormSettings.model_validate(dict(source.form or {}))


def _asked(source_id: str, ticket: str, given: Services) -> Asked | None:
    """None: its time is over. Raises Problem 404 for what we never sent."""
    confirmations = Confirmations(given.keyring, given.settings.gateway.public_url)
    try:
        return confirmations.read(ticket, source_id, time.time())
    except ExpiredTicket:
        return None
    except BadTicket:
        raise not_found("link") from None


async def _publish(command: ConfirmConsent, given: Services, trace: str | None) -> None:
    envelope = Envelope(
        id=command.command_id,
        type=command.TYPE,
        source=SOURCE,
        occurred_at=datetime.now(UTC),
        subject=command.lead,
        trace=trace_of(trace),
    )
    record = Outgoing(command.lead.encode(), envelope.headers(), command.model_dump_json().encode())
    await append(given, COMMANDS, command.lead, record)
