"""Whether the promises were kept: the log, folded anew by the reference, against what the runtime left behind."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from infra.kafka.ports import Record
from infra.kafka.ticks import TICKS
from schemas import topics
from schemas.events import LeadNoted
from tests.simulation.folds import Weights
from tests.simulation.log import Shelf
from tests.simulation.reading import Seen
from tests.simulation.reference import Expected, Output, Refold, read_model

if TYPE_CHECKING:
    from tests.simulation.folds import Consumer
    from tests.simulation.store import Tables
    from tests.simulation.world import World

OUTSIDE = ("gateway", "job", "nobody")
TICK_TYPES = {cls.TYPE for cls in TICKS.values()}


def check(world: "World") -> None:
    """Raises Violation, naming the promise."""
    causes(world)
    for consumer in world.consumers:
        parts = [expected(consumer, n, shelf) for n, shelf in enumerate(world.log.shelves[consumer.reads.name])]
        tables = world.tables[consumer.name]
        kept(world, consumer, tables, parts)
        dead(world, consumer, tables, parts)
        if consumer.fold is not None:
            outputs(world, consumer, parts)
    documents(world)
    facts(world)
    told = Counter(world.told)
    if told and max(told.values()) > 1:
        world.violate(f"P2: {told.most_common(1)} was told twice")


def expected(consumer: "Consumer", number: int, shelf: Shelf) -> Expected:
    """By the reference."""
    return read_model(number, shelf) if consumer.fold is None else Refold(consumer.fold, number, shelf).out


def same(world: "World", what: str, found: Any, wanted: Any) -> None:
    """Equal, or say where not."""
    if found == wanted:
        return
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
        world.violate(f"{what}: {keys[0]!r} is {found.get(keys[0])!r}, should be {wanted.get(keys[0])!r} ({len(keys)} differ)")
    if isinstance(found, list) and isinstance(wanted, list):
        nth = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted)))
        world.violate(
            f"{what}: number {nth} of {len(found)} is {found[nth : nth + 1]}, should be {wanted[nth : nth + 1]} of {len(wanted)}"
        )
    world.violate(f"{what}: {found!r}, should be {wanted!r}")


def kept(world: "World", consumer: "Consumer", tables: "Tables", parts: list[Expected]) -> None:
    """P2, P6: states, timers, answers, effects, lines."""
    name = consumer.name
    states = {key: state.model_dump_json().encode() for part in parts for key, state in part.states.items()}
    same(world, f"P2 states of {name}", tables.states, states)
    timers = {pair: (n, due) for n, part in enumerate(parts) for pair, due in part.timers.items()}
    same(world, f"P6 timers of {name}", tables.timers, timers)
    answers = {pair: answer for part in parts for pair, answer in part.answers.items()}
    same(world, f"P2 answers of {name}", {p: (a.position, a.outcome.status) for p, a in tables.answers.items()}, answers)
    same(world, f"P4 effects of {name}", tables.effects, {effect for part in parts for effect in part.effects})
    lines = [line for part in parts for line in part.lines]
    same(world, f"P2 lines of {name}", sorted(tables.lines), lines)
    if tables.outbox:
        world.violate(f"P8: {name} keeps {len(tables.outbox)} outbox rows")


def dead(world: "World", consumer: "Consumer", tables: "Tables", parts: list[Expected]) -> None:
    """P8: the dead letters are the poison records, each once."""
    found = sorted((number, letter.record.offset) for number, letter in tables.dead)
    wanted = [(number, offset) for number, part in enumerate(parts) for offset in sorted(part.dead)]
    same(world, f"P8 dead letters of {consumer.name}", found, wanted)


def outputs(world: "World", consumer: "Consumer", parts: list[Expected]) -> None:
    """P3: what a fold wrote is what it decided, in that order, each once when re-sent records are dropped."""
    former = world.log.former.get(consumer.reads.name, [])
    for number, part in enumerate(parts):
        past = [expected(consumer, number, shelves[number]) for _, shelves in former]
        for topic, shelves in world.log.shelves.items():
            for place, shelf in enumerate(shelves):
                wanted = [output for one in (*past, part) for output in one.outputs.get((topic, place), [])]
                gone = [pair for _, former in world.log.former.get(topic, []) for pair in former[place].unique()]
                found = written(consumer.name, number, [*gone, *shelf.unique()])
                same(world, f"P3 what {consumer.name}/{number} wrote to {topic}/{place}", found, wanted)


def written(name: str, number: int, records: list[tuple[Record, Seen | None]]) -> list[Output]:
    """What one partition of a fold wrote to a place."""
    return [
        Output(header.id, header.type, header.sequence or "", record.key, record.value)
        for record, header in records
        if header is not None and header.source == name and header.origin and header.origin.endswith(f"/{number}")
    ]


def causes(world: "World") -> None:
    """Everything a fold wrote stands under a record that exists; only the world outside and ticks have none."""
    reads = {c.name: c.reads.name for c in world.consumers}
    offsets: dict[str, set[int]] = {}
    for topic, shelves in world.log.shelves.items():
        for incarnation in (shelves, *(gone for _, gone in world.log.former.get(topic, []))):
            for number, shelf in enumerate(incarnation):
                offsets.setdefault(f"{topic}/{number}", set()).update(shelf.offsets)
    for topic, shelves in world.log.shelves.items():
        for number, shelf in enumerate(shelves):
            for record, header in shelf.unique():
                if header is not None:
                    cause(world, f"{topic}/{number}/{record.offset}", header, reads, offsets)


def cause(world: "World", place: str, header: Seen, reads: dict[str, str], offsets: dict[str, set[int]]) -> None:
    """One record's cause."""
    if header.origin is None or header.sequence is None:
        if header.source not in OUTSIDE and header.type not in TICK_TYPES:
            world.violate(f"{header.type} at {place} has no cause")
        return
    number = header.origin.rpartition("/")[2]
    if int(header.sequence.split(".")[0]) not in offsets.get(f"{reads[header.source]}/{number}", ()):
        world.violate(f"the cause of {header.type} at {place}, {header.origin} {header.sequence}, does not exist")


def documents(world: "World") -> None:
    """P6: every partition decides by the newest version."""
    tables, wanted = world.tables["second"], world.job.published
    for number in range(world.log.partitions(topics.EVENTS.name)):
        document = tables.documents.get((number, Weights.KIND, "default"))
        version = 0 if document is None else document.version
        if version != wanted:
            world.violate(f"P6: second/{number} decides by version {version} of weights, and {wanted} was published")


def facts(world: "World") -> None:
    """P2 from end to end, without the reference: each command that can be handled became at most one fact, or was declined."""
    noted: Counter[bytes] = Counter()
    for shelf in world.log.shelves[topics.EVENTS.name]:
        notes = (record for record, header in shelf.unique() if header and header.origin and header.type == LeadNoted.TYPE)
        noted.update(record.value for record in notes)
    twice = [value for value, times in noted.items() if times > 1]
    if twice:
        world.violate(f"P2: noted twice: {twice[0]!r}")
