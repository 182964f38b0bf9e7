"""Who sends from outside: a gateway with commands (some sent twice, some broken), and the job that publishes documents."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.kafka.ports import Destination, LogUnavailable, Outgoing
from schemas import topics
from schemas.commands import NoteLead, PublishDocument
from schemas.envelope import Envelope
from schemas.events import LeadNoted
from schemas.message import LeadId
from schemas.topics import partition
from tests.simulation.log import COUNTS
from tests.simulation.steps import sleep

if TYPE_CHECKING:
    from tests.simulation.world import World

WHEN = datetime(2026, 11, 22, tzinfo=UTC)
POISONS = (
    "first-rejects",
    "first-breaks",
    "first-is-refused",
    "second-rejects",
    "second-breaks",
    "second-is-refused",
    "not-json",
    "no-id",
    "no-header-value",
    "bad-sequence",
    "nul",
    "unknown",
    "not-a-fact",
    "second-times-badly",
)
DOCUMENT_VERSIONS = 3


class Gateway:
    """Sends until acknowledged, and now and then again; every record is made before the first attempt."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.foreign: set[str] = set()

    async def run(self, prefix: str = "c") -> None:
        """All commands of a seed, at their own pace."""
        world = self.world
        pace = int(world.chance() * 60)
        for nth in range(world.size.commands):
            burst = [self._made(f"{prefix}{nth}-{i}") for i in range(1 + int(world.chance() * 3))]
            for destination, record in burst:
                await self._send(destination, record)
            await sleep(int(world.chance() * pace))

    async def _send(self, destination: Destination, record: Outgoing) -> None:
        world, times = self.world, 1 + (self.world.chance() < self.world.faults.twice)
        while times > 0:
            try:
                await world.log.append([(destination, (record,))])
                times -= 1
            except LogUnavailable:
                await sleep(10)

    def _made(self, id_: str) -> tuple[Destination, Outgoing]:
        world = self.world
        poison = POISONS[int(world.chance() * len(POISONS))] if world.chance() < world.faults.poison else ""
        lead = f"lead-{int(world.chance() * world.size.leads)}" + ("\x00" if poison == "nul" else "")
        if world.chance() < world.faults.ready * 3:
            world.unready.add(id_)
        if poison == "not-a-fact":
            self.foreign.add(id_)
            envelope = Envelope(id_, LeadNoted.TYPE, "nobody", WHEN, subject=lead)
            number = partition(lead, COUNTS[topics.EVENTS.name])
            return Destination(topics.EVENTS.name, number), Outgoing(lead.encode(), envelope.headers(), b'{"lead": 7}')
        body = NoteLead(lead=LeadId(lead), command_id=f"{id_}-command", actor=poison or "someone", note_id=id_)
        envelope = Envelope(id_, "unknown.v1" if poison == "unknown" else body.TYPE, "gateway", WHEN, subject=lead)
        headers = list(envelope.headers())
        value = body.model_dump_json().encode()
        if poison == "not-json":
            value = b"{"
        elif poison == "no-id":
            headers = [pair for pair in headers if pair[0] != "ce_id"]
        elif poison == "no-header-value":
            headers = [(name, None if name == "ce_type" else text) for name, text in headers]  # type: ignore[misc]
        elif poison == "bad-sequence":
            headers += [("ce_origin", b"x"), ("ce_sequence", b"1")]
        number = partition(lead, COUNTS[topics.COMMANDS.name])
        return Destination(topics.COMMANDS.name, number), Outgoing(lead.encode(), tuple(headers), value)


class Job:
    """Sends each version of a document to every partition. It may die half-way, and is run again until all have it."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.published = 0

    async def run(self) -> None:
        """All versions, one after the other."""
        world = self.world
        for version in range(1, 1 + DOCUMENT_VERSIONS):
            await sleep(int(world.chance() * 400))
            attempt = 0
            self.published = version
            while not await self._run_once(version, attempt) and world.variants.job_is_retried:
                attempt += 1
                await sleep(int(world.chance() * 200))

    async def _run_once(self, version: int, attempt: int) -> bool:
        """False if it died before every partition had it."""
        world = self.world
        for number in range(COUNTS[topics.COMMANDS.name]):
            if world.chance() < world.faults.job_dies:
                world.say(f"the job dies with version {version} before partition {number}")
                return False
            body = PublishDocument(
                kind="weights", name="default", version=version, body={"points": version * 10}, actor="job", partition=number
            )
            envelope = Envelope(f"weights-{version}-{number}-{attempt}", body.TYPE, "job", WHEN)
            record = Outgoing(None, envelope.headers(), body.model_dump_json().encode())
            try:
                await world.log.append([(Destination(topics.COMMANDS.name, number), (record,))])
            except LogUnavailable:
                return False
        return True
