"""What a fact comes to in words."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Described:
    """Title in a few words; `detail` for who wants to know more; `text` is what somebody wrote."""

    title: str
    detail: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
