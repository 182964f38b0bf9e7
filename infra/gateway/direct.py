"""Hot routes: a request that came whole is answered in one piece, with no ASGI between."""

from typing import Any, NamedTuple, Protocol

from starlette.types import Receive, Scope, Send


class Answer(NamedTuple):
    """What is sent back. `headers` have the length of the body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class DirectRoute(Protocol):
    """Answers for itself below a prefix, run as a context beside the app."""

    async def __aenter__(self) -> Any:
        """Start what it needs."""

    async def __aexit__(self, *exc: object) -> None:
        """Stop it."""

    async def answer(self, target: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None) -> Answer:
        """A POST; `target` is its path with the query, names of `headers` are in lower case, `client` is the peer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for scopes of type http alone: any other request, and one that comes in parts."""
