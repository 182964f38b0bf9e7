"""GET /t.js, and the description of /v1/track.

`direct(services)` is the hot path, `router` the rest.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from infra.activities.publishing import ActivityWriter
from infra.gateway.problems import Problem
from infra.gateway.services import Services
from producers.tracking.sites import Sites
from producers.tracking.track import PREFIX, Track
from producers.tracking.translate import Views

router = APIRouter(tags=["tracking"])
SNIPPET: Final = Path(__file__).with_name("t.js").read_text(encoding="utf-8")


def direct(services: Services) -> dict[str, Track]:
    """Path prefix -> the app that answers below it, for create_app."""
    settings = services.settings
    writer = ActivityWriter(services.keyring, services.publisher, settings.kafka.partitions)
    own_origin = "/".join(settings.gateway.public_url.split("/")[:3])
    track = Track(Sites(services.pool), writer, own_origin, limits=services.intake_limits, addresses=services.addresses)
    return {PREFIX: track}


@router.get("/t.js", response_class=Response, responses={200: {"content": {"text/javascript": {}}}})
async def tracking_snippet() -> Response:
    """`<script defer src=".../t.js" data-source="{source_id}"></script>`: tells which pages a visitor sees, once the page has
    called `leadflow.consent(true)`. Before, nothing is stored and nothing is sent; `leadflow.consent(false)` forgets the visitor.
    """
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(SNIPPET, media_type="text/javascript", headers=headers)


@router.post("/v1/track/{source_id}", status_code=204, response_class=Response)
async def track(source_id: str, request: Request, views: Views) -> Response:  # noqa: ARG001 - described, not used
    """Take what pages with the snippet saw, from the origins that the source allows. The body may call itself plain text."""
    # Served by `direct` before routing; whoever gets here runs an app without it.
    raise Problem(503, "unavailable", "Tracking isn't served here", f"{request.url.path} of {source_id} has no handler.")
