"""RFC 9457 problem details: every error of the API in one shape, with a stable `type`.

raise Problem(409, "busy", "Still being decided", "...")  ->  application/problem+json
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

TYPE_PREFIX: Final = "https://leadflow.dev/problems/"
MEDIA_TYPE: Final = "application/problem+json"
_ERRORS_MAX = 50


class FieldError(NamedTuple):
    """What is wrong with one field; `field` is a dotted name or a JSON pointer, `message` never quotes a value."""

    field: str
    message: str


class Problem(Exception):
    """An answer other than success, raised from wherever it becomes certain."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self, instance: str | None = None) -> bytes:
        """The JSON document."""
        document: dict[str, Any] = {"type": TYPE_PREFIX + self.slug, "title": self.title, "status": self.status}
        if self.detail is not None:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = [error._asdict() for error in self.errors]
        if instance is not None:
            document["instance"] = instance
        return orjson.dumps(document)

    def response(self, instance: str | None = None) -> Response:
        """As a response."""
        return Response(self.body(instance), self.status, headers=self.headers, media_type=MEDIA_TYPE)


class ProblemDocument(BaseModel):
    """The shape of a problem, for the API description."""

    class Item(BaseModel):
        """One field."""

        field: str
        message: str

    type: str = Field(examples=[TYPE_PREFIX + "not-found"])
    title: str
    status: int
    detail: str | None = None
    errors: list[Item] | None = None
    instance: str | None = None


_CONTENT: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "A problem (RFC 9457)", "content": _CONTENT},
    422: {"description": "Fields that can't be taken, each named", "content": _CONTENT},
}


def not_found(what: str) -> Problem:
    """404: it isn't there, or isn't the asker's business; the two look alike on purpose."""
    return Problem(404, "not-found", "Not found", f"There is no such {what}.")


def unavailable(what: str, retry_after_seconds: int = 2) -> Problem:
    """503: nothing was done; the same request may work later."""
    headers = {"Retry-After": str(retry_after_seconds)}
    return Problem(503, "unavailable", "Temporarily unavailable", f"{what} can't be reached.", headers=headers)


def from_validation(invalid: RequestValidationError) -> Problem:
    """400 for unreadable JSON, 422 naming each field otherwise."""
    errors = invalid.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem(400, "malformed", "Malformed request", "The body isn't valid JSON.")
    fields = [FieldError(_field(error["loc"]), str(error["msg"])) for error in errors[:_ERRORS_MAX]]
    return Problem(422, "invalid", "Invalid request", "Some fields can't be taken as they are.", errors=fields)


def _field(location: Sequence[str | int]) -> str:
    parts = [str(part) for part in location]
    named = parts[1:] if parts[:1] in (["body"], ["query"], ["path"], ["header"], ["cookie"]) else parts
    return ".".join(named) or ".".join(parts)


def from_http(error: HTTPException) -> Problem:
    """Routing errors (404, 405, 413 ...) in our shape."""
    phrase = HTTPStatus(error.status_code).phrase
    detail = None if error.detail == phrase else str(error.detail)
    slug = phrase.lower().replace(" ", "-").replace("'", "")
    return Problem(error.status_code, slug, phrase, detail, headers=error.headers)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem. What nobody foresaw is a 500 without details, raised again for the log."""

    async def on_problem(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)  # noqa: S101 - registered for this class
        return problem.response(request.url.path)

    async def on_invalid(request: Request, invalid: Exception) -> Response:
        assert isinstance(invalid, RequestValidationError)  # noqa: S101
        return from_validation(invalid).response(request.url.path)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        return from_http(error).response(request.url.path)

    async def on_bug(request: Request, _error: Exception) -> Response:
        return Problem(500, "internal", "Internal error", "This is our fault; it was logged.").response(request.url.path)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)
