"""What may go wrong, and how often: drawn for each seed, most kinds switched off, so that kinds meet in all combinations."""

import random
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates. Per step: crash, freeze, rebalance, ready. Per call of a port: the others.

    Attributes:
        store_away: a statement fails before its effect.
        commit_lost, commit_unknown, commit_late: StoreUnavailable at commit; nothing, all, or all a little later is kept.
        append_fails: LogUnavailable; each batch of it may have landed, lands late, or never does.
        late: chance per step that an append in flight lands.
        lies: Kafka's stored offset is anywhere.
        stale: a batch that was fetched before a seek comes after it.
        gaps: offsets that no record has.
        back: the broker's clock steps back.
        twice: a sender repeats what was acknowledged.
        poison: records that can't be handled.
        deaf: the listener told after a commit fails.
        job_dies: the publishing job dies before a partition has the document.
    """

    crash: float = 0.004
    freeze: float = 0.004
    rebalance: float = 0.003
    ready: float = 0.01
    store_away: float = 0.02
    commit_lost: float = 0.03
    commit_unknown: float = 0.03
    commit_late: float = 0.03
    append_fails: float = 0.1
    late: float = 0.02
    lies: float = 0.7
    stale: float = 0.5
    gaps: float = 0.05
    back: float = 0.1
    twice: float = 0.15
    poison: float = 0.15
    deaf: float = 0.05
    job_dies: float = 0.2
    yields: float = 0.7

    @property
    def chaos(self) -> float:
        """Chance per step that something happens to a process or a group."""
        return self.crash + self.freeze + self.rebalance + self.ready

    @classmethod
    def drawn(cls, source: random.Random) -> "Faults":
        """A mixture for one seed."""
        rates = {}
        for field in fields(cls):
            rate = field.default
            rates[field.name] = rate * source.choice((0, 0.5, 1, 2)) if field.name not in KEPT else rate
        rates["yields"] = source.choice((0.3, 0.6, 1.0))
        return cls(**rates)

    @classmethod
    def none(cls, before: "Faults") -> "Faults":
        """A world without faults, as busy as before."""
        return cls(**{field.name: 0.0 for field in fields(cls)} | {"yields": before.yields, "stale": before.stale})

    def without(self, *names: str) -> "Faults":
        """Some kinds switched off."""
        return replace(self, **dict.fromkeys(names, 0.0))


KEPT = ("late", "ready")
