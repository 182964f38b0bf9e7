"""What communication remembers of a lead."""

from schemas.message import Frozen


class Correspondence(Frozen):
    """One lead.

    Attributes:
        email_hash: HMAC of the last known address.
        score, grade: as last scored; None before.
        erased: the person is gone, and so is all of the above.
    """

    email_hash: str | None = None
    score: int | None = None
    grade: str | None = None
    erased: bool = False
