"""What routing remembers: of a lead whether it has or awaits an owner; of all teams whose turn it is, and how much each has."""

from datetime import date, datetime

from schemas.message import Frozen
from schemas.routing import Availability, WhenNobody


class RequestState(Frozen):
    """One lead.

    Attributes:
        owner: person id; None while there is none.
        request_id: the request that is open: not answered yet, or answered by nobody and waiting.
        waiting: it was answered by nobody.
        closed: won or lost.
        counted: whom the pools count it for, as an open lead.
        erased: the person is gone; nobody is asked for any more.
        merged: it goes on as another lead; nobody is asked for meanwhile.
    """

    owner: str | None = None
    request_id: str | None = None
    waiting: bool = False
    closed: bool = False
    counted: str | None = None
    erased: bool = False
    merged: bool = False


class Share(Frozen):
    """One member's share of a team's leads.

    Attributes:
        weight, away: as in the roster.
        level: leads taken, counted in units that make weights comparable; the lowest level is next.
        given: how many leads this member was given.
        turn: number of the team's turn that was this member's last; 0 before the first.
        missing: was not there when somebody was last looked for.
    """

    person: str
    weight: int = 1
    away: str | None = None
    level: int = 0
    given: int = 0
    turn: int = 0
    missing: bool = True


class Waiting(Frozen):
    """A request that nobody could take yet. `since` is the position of its lead's first one."""

    lead: str
    request_id: str
    path: tuple[str, ...] = ()
    since: int = 0


class Pool(Frozen):
    """One team: shares in the roster's order, and requests that wait for somebody, oldest first."""

    shares: tuple[Share, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    when_nobody: WhenNobody = "wait"


class Colleague(Frozen):
    """Somebody who may own leads, whatever team they are in.

    Attributes:
        availability: as in the newest roster that names them; None is always.
        back: when they are there again, if they were off by the clock when they were last looked for.
        open: open leads that they hold.
        day, today: how many leads routing gave them on the last day that it gave any.
    """

    availability: Availability | None = None
    back: datetime | None = None
    open: int = 0
    day: date | None = None
    today: int = 0


class Pools(Frozen):
    """All teams: people are in several, and what one team gives them counts in all.

    Attributes:
        given: whom the last leads were given to, the oldest first.
        wakes_at: when the timer fires that looks for somebody again; None while nothing waits for time to pass.
    """

    teams: dict[str, Pool] = {}
    colleagues: dict[str, Colleague] = {}
    given: dict[str, str] = {}
    wakes_at: datetime | None = None
