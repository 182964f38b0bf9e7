"""What imports need of others: how forms read and write a submission, and how far consumers are behind."""

from collections.abc import Mapping
from typing import Any, Protocol


class Rows(Protocol):
    """How a row becomes a submission."""

    def proposed(self, column: str) -> str | None:
        """The target that a column's heading stands for, None for a question of its own."""

    def accepts(self, target: str) -> bool:
        """Whether there is such a target."""

    def read(self, values: Mapping[str, str]) -> tuple[Any, list[tuple[str, str]]]:
        """Values by target -> the submission (opaque), and (target, reason) for what can't be read. Pure."""

    async def publish(self, row: Any, raw: str, *, source_id: str, submission_id: str, actor: str, quiet: bool) -> None:
        """Once Kafka has it. Raises LogUnavailable, and asyncpg's and OSError."""

    async def erase(self, lead: str, *, command_id: str, actor: str) -> None:
        """Ask for a lead's erasure. Raises as `publish` does."""


class Lag(Protocol):
    """How many records the slowest reader of the log is behind the fastest one."""

    async def __call__(self) -> int:
        """Raises asyncpg's errors."""
