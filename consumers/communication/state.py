"""What communication remembers of a lead."""

from datetime import datetime

from schemas.message import Frozen


class Correspondence(Frozen):
    """One lead.

    Attributes:
        email_hash: HMAC of the last known address.
        score, grade: as last scored; None before.
        asked_at: when the address was last asked to confirm something, the newest last.
        unanswered: the submission that is to be acknowledged once its sender has confirmed it.
        erased: the person is gone, and so is all of the above.
    """

    email_hash: str | None = None
    score: int | None = None
    grade: str | None = None
    asked_at: tuple[datetime, ...] = ()
    unanswered: str | None = None
    erased: bool = False
