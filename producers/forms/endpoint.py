"""/v1/sources, the description of /v1/intake, POST /v1/leads, and hosted forms.

`direct(services)` is the hot path, `router` the rest.
"""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from infra.activities.publishing import ActivityWriter
from infra.gateway.problems import Problem
from infra.gateway.services import Services
from producers.forms import confirming, creation, hosting, source_endpoint
from producers.forms.fetches import Fetches
from producers.forms.intake import PREFIX, Intake
from producers.forms.publishing import SubmissionWriter
from producers.forms.source_cache import SourceCache
from producers.forms.sources import Sources

router = APIRouter()


def direct(services: Services) -> dict[str, Intake]:
    """Path prefix -> the app that answers below it, for create_app."""
    settings = services.settings
    cache = SourceCache(Sources.of(services))
    writer = SubmissionWriter(services.keyring, services.publisher, settings.kafka.partitions)
    url, fetches = settings.gateway.public_url, Fetches(services.pool)
    intake = Intake(
        cache,
        writer,
        services.ids,
        services.keyring.hash,
        url,
        fetching=fetches,
        activities=ActivityWriter(services.keyring, services.publisher, settings.kafka.partitions),
        limits=services.intake_limits,
        addresses=services.addresses,
    )
    return {PREFIX: intake}


class Accepted(BaseModel):
    """The submission is in Kafka. `position` is null for a request that asks for nothing (such as a ping)."""

    submission_id: str
    position: str | None


class AcceptedAll(Accepted):
    """A request of several events: the first one, and all of them."""

    submissions: list[Accepted]


@router.post("/v1/intake/{source_id}", tags=["intake"], status_code=202, response_model=Accepted | AcceptedAll)
async def intake(source_id: str, request: Request) -> Response:
    """Take a form's or webhook's request. Signed by the sender, no login; answered with 2xx only once it is stored.

    JSON, form-encoded or multipart, up to 1 MiB. Every 2xx carries `X-Submission-Id`. A form posted by a browser is answered with
    303 to a thank-you page. Senders that want another status or body are answered as they want.
    """
    # Served by `direct` before routing; whoever gets here runs an app without it.
    raise Problem(503, "unavailable", "Intake isn't served here", f"{request.url.path} of {source_id} has no handler.")


router.include_router(source_endpoint.router)
router.include_router(creation.router, prefix="/v1")
router.include_router(hosting.router)
router.include_router(confirming.router)
