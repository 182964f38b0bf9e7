"""Whom a mail goes to: looked up at the moment of sending, so that nothing personal waits in a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Contact:
    """A lead or an owner. None where unknown."""

    id: str
    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None
    answers: Mapping[str, JsonValue] = field(default_factory=dict)


class People(Protocol):
    """Where contacts are found. None: not there (yet, or any more)."""

    async def lead(self, lead_id: str) -> Contact | None:
        """A lead by id."""

    async def owner(self, person_id: str) -> Contact | None:
        """One of our own people by id."""
