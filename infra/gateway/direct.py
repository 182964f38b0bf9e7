"""Hot routes: a request that came whole is answered in one piece, with no ASGI between."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol

from starlette.types import Receive, Scope, Send


class Answer(NamedTuple):
    """What is sent back. `headers` have the length of the body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


Reply = Callable[[Answer], None]


class DirectRoute(Protocol):
    """Answers for itself below a prefix, run as a context beside the app."""

    async def __aenter__(self) -> Any:
        """Start what it needs."""

    async def __aexit__(self, *exc: object) -> None:
        """Stop it."""

    def answer(
        self, target: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None, reply: Reply
    ) -> Coroutine[Any, Any, Answer] | None:
        """A POST; `target` is its path with the query, names of `headers` are in lower case, `client` is the peer.

        None: `reply` has the answer, now or later. Else what is to be run for it, which takes a task of its own.
        """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for scopes of type http alone: any other request, and one that comes in parts."""
