"""What one poll brought for several partitions of one consumer, decided in one transaction where that goes well."""

from collections.abc import Callable, Mapping, Sequence

from infra.kafka.committing import commit
from infra.kafka.fold import Reject, RetryLater
from infra.kafka.partition import Partition
from infra.kafka.ports import Fenced, Record, StoreUnavailable

Portions = Mapping[Partition, Sequence[Record]]
OnFailure = Callable[[Exception], None]


def _nothing(_failure: Exception) -> None:
    return None


async def decide(polled: Portions, on_failure: OnFailure = _nothing) -> None:
    """Decide records of partitions of one consumer, each in its order; whoever drives holds all of them.

    Returns early for each partition that has to wait: what is left of it will be read again. `on_failure` hears of what made a
    common transaction fail that no partition may fail by alone, and so nobody else would hear of.
    """
    waiting = {partition: fresh for partition, records in polled.items() if (fresh := await partition.ready(records))}
    while waiting:
        size = max(1, min(partition.limits.records_per_commit_max for partition in waiting) // len(waiting))
        going = await _settle({partition: fresh[:size] for partition, fresh in waiting.items()}, on_failure)
        waiting = {partition: rest for partition, fresh in waiting.items() if partition in going and (rest := fresh[size:])}


async def _settle(portions: Portions, on_failure: OnFailure) -> set[Partition]:
    """Commit a portion of each; returns the partitions that can go on."""
    common = {partition: records for partition, records in portions.items() if not partition.alone}
    going = await _together(common, on_failure) if len(common) > 1 else None
    if going is None:
        common, going = {}, set()
    for partition, records in portions.items():
        if partition not in common and await partition.settle(records):
            going.add(partition)
    return going


async def _together(portions: Portions, on_failure: OnFailure) -> set[Partition] | None:
    """As `_settle`; None if nothing was committed, because of whoever it was: each finds out by itself."""
    try:
        shares = [(partition, partition.admitted(records)) for partition, records in portions.items()]
        if all(partition.may_pass(batch) for partition, batch in shares):
            for partition, batch in shares:
                partition.passed(batch)
            return set(portions)
        first = shares[0][0]
        await commit(first.step, first.store, first.log, shares)
    except StoreUnavailable as away:
        # The outcome of the commit is unknown: only the watermarks know, so take all of them again. And one of them may be the
        # cause, by what it locks or how long it takes, so that next time each is worked by itself.
        for partition in portions:
            partition.lose(away)
            partition.alone = True
        return set()
    except Exception as failure:
        if not isinstance(failure, Fenced | Reject | RetryLater):
            on_failure(failure)
        return None
    return {partition for partition in portions if await partition.settled()}
