"""What a world is built from, so that a planted bug can take the place of one part."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from infra.kafka.fold import Fold
from infra.kafka.folding import FoldStep
from infra.kafka.partition import Partition
from infra.kafka.rounds import decide
from infra.kafka.sending import send
from infra.kafka.step import Step
from tests.simulation.folds import SECOND, Tally
from tests.simulation.log import SimLog
from tests.simulation.store import Tables
from tests.simulation.transaction import SimTransaction


def _step(fold: Fold[Tally], _world: Any) -> Step:
    return FoldStep(fold)


@dataclass(frozen=True)
class Variants:
    """The parts; each default is the real one."""

    partition: Callable[..., Partition] = Partition
    step: Callable[[Fold[Tally], Any], Step] = _step
    second: Fold[Tally] = SECOND
    tables: Callable[[Any, str], Tables] = Tables
    transaction: Callable[..., SimTransaction] = SimTransaction
    log: Callable[[Any], SimLog] = SimLog
    decide: Callable[..., Awaitable[None]] = decide
    send: Callable[..., Awaitable[bool]] = send
    job_is_retried: bool = True
