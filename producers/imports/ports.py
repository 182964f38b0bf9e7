"""What imports need of others: how forms read and write a submission, and how far consumers are behind."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

Behind = Callable[[], Awaitable[int]]
"""How many records the last reader of any partition has before it; 0 while nothing is under way. Raises LogUnavailable and
asyncpg's errors."""


class Outbound(NamedTuple):
    """A row that is to be published. `row` is what `Rows.read` gave."""

    row: Any
    raw: str
    submission_id: str


class Asked(NamedTuple):
    """Where a request stands on its topic."""

    partition: int
    offset: int


class Rows(Protocol):
    """How a row becomes a submission."""

    def proposed(self, column: str) -> str | None:
        """The target that a column's heading stands for, None for a question of its own."""

    def accepts(self, target: str) -> bool:
        """Whether there is such a target."""

    def read(self, values: Mapping[str, str]) -> tuple[Any, list[tuple[str, str]]]:
        """Values by target -> the submission (opaque), and (target, reason) for what can't be read. Pure."""

    async def publish(self, rows: Sequence[Outbound], *, source_id: str, actor: str, quiet: bool) -> None:
        """All in one go, once Kafka has them. Raises LogUnavailable, and asyncpg's and OSError."""

    async def erase(self, lead: str, *, source_id: str, command_id: str, actor: str) -> Asked:
        """Ask for a lead's erasure, unless it has submissions of another source by then. Raises as `publish` does."""


class Lag(Protocol):
    """Looks after the readers of the log."""

    def watch(self) -> AbstractAsyncContextManager[Behind]:
        """Raises LogUnavailable and asyncpg's errors."""
