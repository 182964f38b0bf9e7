"""Who may do what with rejections, and how requests say which of them are meant."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from pydantic import AfterValidator, BaseModel, Field, JsonValue, model_validator

from infra.auth.dependencies import CurrentUser, forbidden, require
from infra.auth.roles import Permission, User
from infra.dead_letters import finding, store
from infra.dead_letters.redriving import Change, Redriver
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import Services
from infra.gateway.values import Word, storable

WRITE: Final = (Permission.OPERATIONS_WRITE, Permission.SOURCES_WRITE)
NAMED_MAX: Final = 500
MAPPING_ENTRIES_MAX: Final = 200
PATH_CHARACTERS_MAX: Final = 1_000

Patch = Annotated[dict[str, JsonValue], AfterValidator(storable)]
Mapping = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=PATH_CHARACTERS_MAX)],
        Annotated[str, Field(min_length=1, max_length=PATH_CHARACTERS_MAX)],
    ],
    Field(min_length=1, max_length=MAPPING_ENTRIES_MAX),
    AfterValidator(storable),
]


def may_repair(user: User) -> bool:
    """Whoever runs the system, and whoever looks after sources."""
    return any(user.may(permission) for permission in WRITE)


async def _writer(user: CurrentUser) -> User:
    if not may_repair(user):
        raise forbidden(f"The role {user.role} lacks the permissions {' and '.join(permission.value for permission in WRITE)}.")
    return user


Reader = Annotated[User, Depends(require(Permission.OPERATIONS_READ))]
Writer = Annotated[User, Depends(_writer)]


class Which(BaseModel):
    """Which rejections: all that fit, or of these those that are named."""

    consumer: Word | None = None
    source: Word | None = None
    kind: Word | None = None
    reason: Annotated[str, Field(max_length=store.REASON_CHARACTERS_MAX), AfterValidator(storable)] | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: Annotated[list[UUID], Field(min_length=1, max_length=NAMED_MAX)] | None = None

    @model_validator(mode="after")
    def _some(self) -> "Which":
        named = (self.consumer, self.source, self.kind, self.reason, self.since, self.until, self.ids)
        if all(value is None for value in named):
            raise ValueError("say which: a consumer, source, kind, reason, time or ids")
        return self

    def filter(self) -> finding.Filter:
        """As finding has it. Raises Problem 422."""
        return finding.Filter(
            self.consumer,
            self.source,
            self.kind,
            self.reason,
            utc(self.since),
            utc(self.until),
            ids=None if self.ids is None else tuple(self.ids),
        )


class Repairing(Which):
    """Which, and what to change in each of them: a merge `patch` (RFC 7396) to its body, or a `mapping` by which what was sent is
    read anew (target -> path, as a source has it); without either they go as they are."""

    patch: Patch | None = None
    mapping: Mapping | None = None

    @model_validator(mode="after")
    def _one(self) -> "Repairing":
        if self.patch is not None and self.mapping is not None:
            raise ValueError("send a patch or a mapping, not both")
        return self

    def change(self) -> Change:
        """As redriving has it."""
        return Change(patch=self.patch, mapping=self.mapping)


def redriver(given: Services) -> Redriver:
    """Over what the gateway has."""
    return Redriver(given.pool, given.keyring, given.publisher, given.settings.kafka.partitions, given.remap)


def utc(moment: datetime | None) -> datetime | None:
    """Without a zone it is UTC. Raises Problem 422 beyond the end of time."""
    if moment is None or moment.tzinfo is None:
        return None if moment is None else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        wrong = FieldError("since, until", "is beyond what time can be")
        raise Problem(422, "invalid", "Invalid request", errors=[wrong]) from None
