"""Roles and permissions as data. A new permission is a line here; an endpoint asks for it with `require`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["admin", "manager", "rep", "analyst", "integration"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
HumanRole = Literal["admin", "manager", "rep", "analyst"]
HUMAN_ROLES: Final[tuple[HumanRole, ...]] = get_args(HumanRole)
"""Of people, who log in."""


class Permission(StrEnum):
    """What somebody may do.

    `leads:write` makes new leads, `leads:edit` changes those that are there;
    `leads:all` widens every other permission on leads from one's own and unassigned leads to all of them;
    `leads:take` lets a rep take an unassigned lead or give up an own one, `leads:assign` gives leads to anybody.
    Without `leads:read`, as an integration, one sends leads and follows what became of what one sent (`submissions:read`), and
    reads no lead, not even those that one's own submissions made: others add to these later.
    """

    LEADS_READ = "leads:read"
    LEADS_ALL = "leads:all"
    LEADS_WRITE = "leads:write"
    LEADS_EDIT = "leads:edit"
    LEADS_TAKE = "leads:take"
    LEADS_ASSIGN = "leads:assign"
    LEADS_ERASE = "leads:erase"
    LEADS_EXPORT = "leads:export"
    PEOPLE_READ = "people:read"
    REPORTS_READ = "reports:read"
    SOURCES_READ = "sources:read"
    SOURCES_WRITE = "sources:write"
    SUBMISSIONS_READ = "submissions:read"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"
    KEYS_WRITE = "keys:write"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"
    IMPORTS_WRITE = "imports:write"


_P = Permission
_INTEGRATION: Final = frozenset({_P.LEADS_WRITE, _P.SUBMISSIONS_READ})
_REP: Final = _INTEGRATION | {
    _P.LEADS_READ,
    _P.LEADS_EDIT,
    _P.LEADS_TAKE,
    _P.PEOPLE_READ,
    _P.REPORTS_READ,
    _P.DOCUMENTS_READ,
}
_ANALYST: Final = frozenset(
    {
        _P.LEADS_READ,
        _P.LEADS_ALL,
        _P.PEOPLE_READ,
        _P.REPORTS_READ,
        _P.SOURCES_READ,
        _P.SUBMISSIONS_READ,
        _P.DOCUMENTS_READ,
        _P.OPERATIONS_READ,
    }
)
_MANAGER: Final = _REP | _ANALYST | {_P.LEADS_ASSIGN, _P.LEADS_EXPORT, _P.SOURCES_WRITE, _P.DOCUMENTS_WRITE, _P.IMPORTS_WRITE}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {"admin": frozenset(Permission), "manager": _MANAGER, "rep": _REP, "analyst": _ANALYST, "integration": _INTEGRATION}
)


def role_beyond(user: "User", role: Role) -> list[Permission]:
    """What a role holds that this user doesn't: somebody with it stands above them, and is not theirs to make or to change."""
    return sorted(PERMISSIONS[role] - user.permissions)


@dataclass(frozen=True, slots=True)
class User:
    """Whoever sent a request.

    Attributes:
        id: of the user, or `key:<id>` of an API key; the `actor` of what it asks for.
        person: whose leads are "own"; None for users who own none.
        team: others whose leads are this user's business too.
        scopes: what of the role's permissions an API key is limited to; None for all of them.
        expires_at: when an API key ends, if it does by itself.
        maker: the user who made an API key, or the one that made it.
        session: the login that it belongs to; None for API keys.
    """

    id: str
    email: str
    name: str
    role: Role
    person: str | None = None
    team: frozenset[str] = frozenset()
    scopes: frozenset[Permission] | None = None
    expires_at: datetime | None = field(default=None, compare=False)
    maker: str | None = field(default=None, compare=False)
    session: str | None = field(default=None, compare=False)

    def may(self, permission: Permission) -> bool:
        """Whether the role holds a permission, and the key that is used, if it is one."""
        return permission in PERMISSIONS[self.role] and (self.scopes is None or permission in self.scopes)

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that it may."""
        return PERMISSIONS[self.role] if self.scopes is None else PERMISSIONS[self.role] & self.scopes

    @property
    def sees_all(self) -> bool:
        """False: only own and unassigned leads, that is `owner = any(persons) OR owner IS NULL`."""
        return self.may(Permission.LEADS_ALL)

    @property
    def persons(self) -> frozenset[str]:
        """Whose leads are this user's business, beside those of nobody."""
        return self.team if self.person is None else self.team | {self.person}

    def may_see(self, owner: str | None) -> bool:
        """Whether a lead with this owner (a person's id) is this user's business."""
        return self.sees_all or (self.may(Permission.LEADS_READ) and (owner is None or owner in self.persons))
