"""What one poll brought for several partitions of one consumer, decided in one transaction where that goes well."""

from collections.abc import Mapping, Sequence

from infra.kafka.committing import commit
from infra.kafka.partition import Partition
from infra.kafka.ports import Record, StoreUnavailable

Portions = Mapping[Partition, Sequence[Record]]


async def decide(polled: Portions) -> None:
    """Decide records of partitions of one consumer, each in its order; whoever drives holds all of them.

    Returns early for each partition that has to wait: what is left of it will be read again.
    """
    waiting = {partition: fresh for partition, records in polled.items() if (fresh := await partition.ready(records))}
    while waiting:
        size = max(1, min(partition.limits.records_per_commit_max for partition in waiting) // len(waiting))
        going = await _settle({partition: fresh[:size] for partition, fresh in waiting.items()})
        waiting = {partition: rest for partition, fresh in waiting.items() if partition in going and (rest := fresh[size:])}


async def _settle(portions: Portions) -> set[Partition]:
    """Commit a portion of each; returns the partitions that can go on."""
    shares = [(partition, partition.admitted(records)) for partition, records in portions.items()]
    if all(partition.may_pass(batch) for partition, batch in shares):
        for partition, batch in shares:
            partition.passed(batch)
        return set(portions)
    if len(shares) > 1:
        try:
            await commit(shares[0][0].step, shares[0][0].store, shares[0][0].log, shares)
        except StoreUnavailable as away:
            # The outcome of the commit is unknown: only the watermarks know, so take all of them again.
            for partition, _ in shares:
                partition.lose(away)
            return set()
        except Exception:  # noqa: S110 - nothing was committed: whose fault it is, each finds out by itself
            pass
        else:
            return {partition for partition, _ in shares if await partition.settled()}
    alone = shares[0][1] if len(shares) == 1 else None
    return {partition for partition, records in portions.items() if await partition.settle(records, alone)}
