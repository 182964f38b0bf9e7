"""What routing remembers: of a lead whether it has or awaits an owner, of a team whose turn it is."""

from schemas.message import Frozen


class RequestState(Frozen):
    """One lead.

    Attributes:
        owner: person id; None while there is none.
        request_id: the request that is not answered yet.
        erased: the person is gone; nobody is asked for any more.
        merged: it goes on as another lead; nobody is asked for meanwhile.
    """

    owner: str | None = None
    request_id: str | None = None
    erased: bool = False
    merged: bool = False


class Share(Frozen):
    """One member's share of a team's leads.

    Attributes:
        weight, away: as in the roster.
        level: leads taken, counted in units that make weights comparable; the lowest level is next.
        given: how many leads this member was given.
        turn: number of the team's turn that was this member's last; 0 before the first.
    """

    person: str
    weight: int = 1
    away: str | None = None
    level: int = 0
    given: int = 0
    turn: int = 0


class Waiting(Frozen):
    """A request that nobody could take yet."""

    lead: str
    request_id: str
    path: tuple[str, ...] = ()


class PoolState(Frozen):
    """One team: shares in the roster's order, and requests that wait for somebody, oldest first."""

    shares: tuple[Share, ...] = ()
    waiting: tuple[Waiting, ...] = ()
