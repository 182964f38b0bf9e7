"""What `leads` has to know to accept or decline: nothing personal."""

from schemas.activities import RecordActivity
from schemas.commands import Status, TaskState
from schemas.message import Frozen
from schemas.person import Agreement


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
    early: tuple[RecordActivity, ...] = ()
