"""The topic catalogue: the only place with names, keys, partitions, retention and size limits.

`leadflow topics apply` creates what is listed here; AsyncAPI and the topology picture are made from it.
Names have no underscores, because Kafka's metrics can't tell `a.b` from `a_b`.
"""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

DAY_MS: Final = 24 * 60 * 60 * 1000
RECORD_BYTES_MAX: Final = 4 * 1024 * 1024
"""A record may be four times what intake accepts: an encrypted payload is base64 and carries its translation."""

PARTITIONS_LAPTOP: Final = 6
PARTITIONS_CLUSTER: Final = 24
"""A log kept for ever can't be re-partitioned in place, so a cluster starts with headroom (docs/adr/0001)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the bus.

    Attributes:
        name: without the deployment's prefix.
        carries: one sentence for people.
        key: what the record key is made of.
        retention_ms: None keeps records for ever.
        by_lead: True gives it the deployment's partition count, False gives it exactly one partition.
    """

    name: str
    carries: str
    key: str
    retention_ms: int | None
    by_lead: bool = True

    def partitions(self, by_lead: int) -> int:
        """How many partitions this topic has where topics keyed by lead have `by_lead`."""
        return by_lead if self.by_lead else 1


SUBMISSIONS: Final = Topic("leads.submissions", "what came in, with the raw payload", "HMAC of the identity", 7 * DAY_MS)
ACTIVITIES: Final = Topic(
    "leads.activities",
    "raw activity: page views, opens, clicks, replies, provider events",
    "HMAC of the visitor or recipient",
    7 * DAY_MS,
)
COMMANDS: Final = Topic("leads.commands", "what is asked of a lead, by whoever", "lead id", 30 * DAY_MS)
EVENTS: Final = Topic("leads.events", "the log: every fact about every lead, and document markers", "lead id", None)
ROUTING: Final = Topic("leads.routing", "requests for an owner, changes of load", "team, one partition", None, by_lead=False)

CATALOGUE: Final = {topic.name: topic for topic in (SUBMISSIONS, ACTIVITIES, COMMANDS, EVENTS, ROUTING)}


def partition(key: str, count: int) -> int:
    """The partition of `key` among `count`.

    CRC-32 as in librdkafka's `consistent` partitioner, so `kcat -K` puts a record where we would. Java's default
    (murmur2) would cost 13 us a key in Python; this costs 0.2 us.
    """
    return crc32(key.encode()) % count
