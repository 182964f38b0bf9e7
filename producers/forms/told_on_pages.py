"""Refusals for people: a page where a browser waits for one, the problem for everybody else."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from infra.gateway.problems import MEDIA_TYPE, Problem, not_found, unavailable
from infra.postgres.pool import UNAVAILABLE

KINDS_MAX: Final = 20
OUR_FAULT: Final = 500
"""From here on it is our fault, and worth another try."""
log = structlog.get_logger("forms")

Tell = Callable[[Request, Problem], Response]
"""The page for a problem."""


def route_class(tell: Tell) -> type[APIRoute]:
    """For a router whose refusals `tell` puts on pages."""

    class PageRoute(APIRoute):
        """What a route refuses is told on a page to whoever waits for one."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """As FastAPI's, with pages."""
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError:
                    if not wants_page(request.headers.get("accept", "")):
                        raise  # the gateway's own answer names the field
                    problem = not_found("address")
                except Problem as refused:
                    problem = refused
                except UNAVAILABLE as away:
                    log.warning("a store is away", error=type(away).__name__)
                    problem = unavailable("A store that this needs")
                if wants_page(request.headers.get("accept", "")):
                    return tell(request, problem)
                raise problem

            return handled

    return PageRoute


def wants_page(accept: str) -> bool:
    """Whether a person waits for the answer, as far as this header tells: browsers name HTML first."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")[:KINDS_MAX]]
    named = [kind for kind in kinds if kind in ("text/html", "application/json", MEDIA_TYPE)]
    return named[:1] == ["text/html"]
