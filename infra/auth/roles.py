"""Roles and permissions as data. A new permission is a line here; an endpoint asks for it with `require`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, get_args

Role = Literal["admin", "manager", "rep", "analyst"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Permission(StrEnum):
    """What somebody may do.

    `leads:all` widens every other permission on leads from one's own and unassigned leads to all of them;
    `leads:take` lets a rep take an unassigned lead or give up an own one, `leads:assign` gives leads to anybody.
    """

    LEADS_READ = "leads:read"
    LEADS_ALL = "leads:all"
    LEADS_WRITE = "leads:write"
    LEADS_TAKE = "leads:take"
    LEADS_ASSIGN = "leads:assign"
    LEADS_ERASE = "leads:erase"
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
    IMPORTS_WRITE = "imports:write"


_P = Permission
_REP: Final = frozenset(
    {_P.LEADS_READ, _P.LEADS_WRITE, _P.LEADS_TAKE, _P.PEOPLE_READ, _P.REPORTS_READ, _P.SUBMISSIONS_READ, _P.DOCUMENTS_READ}
)
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
_MANAGER: Final = _REP | _ANALYST | {_P.LEADS_ASSIGN, _P.SOURCES_WRITE, _P.DOCUMENTS_WRITE, _P.IMPORTS_WRITE}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {"admin": frozenset(Permission), "manager": _MANAGER, "rep": _REP, "analyst": _ANALYST}
)


@dataclass(frozen=True, slots=True)
class User:
    """Whoever sent a request.

    Attributes:
        id: of the user, or `key:<id>` of an API key; the `actor` of what it asks for.
        person: whose leads are "own"; None for users who own none.
    """

    id: str
    email: str
    name: str
    role: Role
    person: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role holds a permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def sees_all(self) -> bool:
        """False: only own and unassigned leads, that is `owner = person OR owner IS NULL`."""
        return Permission.LEADS_ALL in PERMISSIONS[self.role]

    def may_see(self, owner: str | None) -> bool:
        """Whether a lead with this owner (a person's id) is this user's business."""
        return self.sees_all or owner is None or owner == self.person
