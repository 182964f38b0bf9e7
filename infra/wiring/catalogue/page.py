"""GET /asyncapi and /asyncapi.json: what travels on the bus, for people and for tools. Nothing is loaded from elsewhere."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse

from infra.gateway.services import Services, Used
from infra.wiring.catalogue import asyncapi, html

router = APIRouter(include_in_schema=False)


# Plain functions: the first call reads source files, which is no work for the event loop.
@router.get("/asyncapi.json")
def description(given: Used) -> JSONResponse:
    """AsyncAPI 3.0."""
    return JSONResponse(_document(given))


@router.get("/asyncapi")
def page(given: Used) -> HTMLResponse:
    """The same as a page."""
    return HTMLResponse(html.page(_document(given)))


def _document(given: Services) -> dict[str, Any]:
    kafka = given.settings.kafka
    return asyncapi.document(kafka.prefix, kafka.partitions)
