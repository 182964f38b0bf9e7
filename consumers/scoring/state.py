"""What scoring remembers of a lead: how often each rule counted, and what came of it."""

from schemas.message import Frozen


class Counted(Frozen):
    """What was counted for a lead that was merged into this one."""

    submissions: int = 0
    counts: dict[str, int] = {}


class ScoreState(Frozen):
    """Aggregates only; the facts behind them are in the log.

    Attributes:
        submissions: how many there were, quiet ones too.
        counts: rule id -> how many facts matched it, whatever the rule's limit.
        lines: rule or cap id -> (times, points) of the last receipt published.
        score, grade: as last published; grade None before the first.
        rules_version: of the rules that decided last.
        erased: the person is gone; nothing counts any more.
        absorbed: by the leads that were merged into this one; what they bring counts too, for as long as they are part of it.
    """

    submissions: int = 0
    counts: dict[str, int] = {}
    lines: dict[str, tuple[int, int]] = {}
    score: int = 0
    grade: str | None = None
    rules_version: int = 0
    erased: bool = False
    absorbed: dict[str, Counted] = {}
