"""What `leads` has to know to accept or decline: nothing personal."""

from schemas.activities import RecordActivity
from schemas.commands import Status, TaskState
from schemas.message import Frozen, LeadId
from schemas.person import Agreement


class Taken(Frozen):
    """What a lead has from one that was merged into it, to be given back when that is one of its own again.

    Attributes:
        tags, owner, status: those that it did not have itself; `status_before` is what it had.
        tasks: by their ids.
    """

    tags: tuple[str, ...] = ()
    owner: str | None = None
    status: Status | None = None
    status_before: Status = "new"
    tasks: dict[str, TaskState] = {}


class LeadState(Frozen):
    """One lead, or (keys `document:...`) the published version of one document in one partition.

    Attributes:
        version: offset of the command that caused the last fact; what ETags carry.
        tags: sorted.
        tasks: by their ids.
        early: activity of a lead that is not captured yet.
        unconfirmed: what was ticked and waits for a confirmation, by its id.
        confirmed: ids of what was confirmed and not refused since, the newest last.
        quiet: no fact about it is to disturb anybody until a person touches it.
        merged_into: the lead that it goes on as; only what comes too late to be asked of that is still noted here.
        absorbed: by the leads that were merged into this one.
    """

    exists: bool = False
    erased: bool = False
    version: int = -1
    status: Status = "new"
    owner: str | None = None
    tags: tuple[str, ...] = ()
    tasks: dict[str, TaskState] = {}
    unconfirmed: dict[str, Agreement] = {}
    confirmed: tuple[str, ...] = ()
    quiet: bool = False
    answered_request: str | None = None
    merged_into: LeadId | None = None
    absorbed: dict[str, Taken] = {}
    early: tuple[RecordActivity, ...] = ()
