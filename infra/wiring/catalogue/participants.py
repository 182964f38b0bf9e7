"""Participants of the bus, discovered: producers, processes, consumers and read models, with what each takes and writes."""

import ast
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import consumers
import infra
import producers
from infra.kafka.folding import FoldStep
from infra.kafka.ticks import TICKS
from infra.wiring import discovery
from schemas.message import Message
from schemas.publishing import messages
from schemas.topics import CATALOGUE, Topic

NOT_IN_USE: Final[Mapping[str, str]] = {}
"""Topics that nobody writes or reads yet, and why they are there. A test complains once somebody does."""

PROCESSES: Final[Mapping[str, tuple[str, str]]] = {
    "effects": ("work", "Acts on the world, and keeps sending published documents"),
    "documents": ("work", "Acts on the world, and keeps sending published documents"),
    "dead_letters": ("operator", "Asks by hand: erase a lead, fold one anew"),
    "cli": ("operator", "Asks by hand: erase a lead, fold one anew"),
    "wiring": ("operator", "Asks by hand: erase a lead, fold one anew"),
}
"""Folders of infra that run as one process or speak for one person; any other folder of infra is its own participant."""

RUNTIME: Final = "kafka"
"""infra/kafka constructs what it publishes in the name of a fold."""


class Kind(Enum):
    """What a participant is."""

    PRODUCER = "producer"
    PROCESS = "process"
    CONSUMER = "consumer"
    READ_MODEL = "read model"


@dataclass(frozen=True, slots=True)
class Participant:
    """One party of the bus.

    Attributes:
        name: group id of whoever reads.
        says: what it is for, one sentence.
        reads: the one topic that it reads, None for those that only write.
        takes: types that it handles, of the topic that it reads.
        writes: types that it publishes.
    """

    name: str
    kind: Kind
    says: str
    reads: Topic | None = None
    takes: tuple[type[Message], ...] = ()
    writes: tuple[type[Message], ...] = ()

    def topics_written(self) -> tuple[Topic, ...]:
        """In the catalogue's order."""
        order = list(CATALOGUE)
        written = {cls.TOPIC.name: cls.TOPIC for cls in self.writes}
        return tuple(sorted(written.values(), key=lambda topic: order.index(topic.name) if topic.name in order else len(order)))


@lru_cache(maxsize=1)
def participants() -> tuple[Participant, ...]:
    """Everybody: first those who only write, then consumers, then read models. Reads source files, once."""
    steps = [*_steps(), *_folds()]
    written = _constructed(infra, skip={RUNTIME, "demo"})
    processes = {name: _Process(says) for name, says in _process_names(written)}
    for folder, types in written.items():
        processes[PROCESSES.get(folder, (folder, ""))[0]].writes.update(types)
    return (
        *(
            Participant(folder, Kind.PRODUCER, _says(producers, folder), writes=_sorted(types))
            for folder, types in _constructed(producers).items()
        ),
        *(Participant(name, Kind.PROCESS, found.says, writes=_sorted(found.writes)) for name, found in processes.items()),
        *steps,
        *_read_models(),
    )


def writers(cls: type[Message]) -> list[Participant]:
    """Who publishes a type."""
    return [participant for participant in participants() if cls in participant.writes]


def takers(cls: type[Message]) -> list[Participant]:
    """Who handles a type."""
    return [participant for participant in participants() if cls in participant.takes]


def readers(topic: Topic) -> list[Participant]:
    """Who reads a topic."""
    return [participant for participant in participants() if participant.reads is topic]


def topic_writers(topic: Topic) -> list[Participant]:
    """Who writes to a topic."""
    return [participant for participant in participants() if topic in participant.topics_written()]


def carried(topic: Topic) -> list[type[Message]]:
    """Types of a topic."""
    return [cls for cls in messages().values() if cls.TOPIC is topic]


class _Process:
    """What one process writes, gathered from several folders."""

    def __init__(self, says: str) -> None:
        self.says = says
        self.writes: set[type[Message]] = set()


def _process_names(folders: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        yield PROCESSES[folder] if folder in PROCESSES else (folder, _says(infra, folder))


def _steps() -> Iterator[Participant]:
    """Consumers that are no folds: they say what they want, and their code what they write."""
    for folder, make in discovery.step_makers().items():
        written = _sorted(_constructed(consumers).get(folder, set()))
        for step in make(None):  # a declaration opens nothing
            taken = tuple(cls for cls in carried(step.reads) if step.wants(cls.TYPE))
            yield Participant(step.name, Kind.CONSUMER, _says(consumers, folder), step.reads, taken, written)


def _folds() -> Iterator[Participant]:
    for fold in discovery.folds():
        step: FoldStep[Any] = FoldStep(fold)
        taken = tuple(cls for cls in carried(fold.reads) if step.wants(cls.TYPE))
        ticks = (TICKS[fold.reads.name],) if fold.timers else ()
        says = _says(consumers, fold.name.partition(".")[0])
        yield Participant(fold.name, Kind.CONSUMER, says, fold.reads, taken, (*fold.writes, *ticks))


def _read_models() -> Iterator[Participant]:
    for name, make in discovery.projection_makers().items():
        reads: Topic = make().reads
        says = _says(importlib.import_module("projections"), name)
        yield Participant(name, Kind.READ_MODEL, says, reads, tuple(carried(reads)))


def _says(package: ModuleType, folder: str) -> str:
    """First sentence of a folder's docstring, without the flow that it may begin with."""
    text = importlib.import_module(f"{package.__name__}.{folder}").__doc__ or ""
    line = text.strip().partition("\n")[0].removesuffix(".")
    said = line.rpartition("-> ")[2].partition(": ")[2] if "-> " in line else line.partition(". ")[0]
    return said[:1].upper() + said[1:]


def _sorted(types: set[type[Message]]) -> tuple[type[Message], ...]:
    return tuple(sorted(types, key=lambda cls: cls.TYPE))


def _constructed(package: ModuleType, skip: Sequence[str] | set[str] = ()) -> dict[str, set[type[Message]]]:
    """Message classes that the code of each folder constructs, or makes an envelope for."""
    classes = {cls.__name__: cls for cls in messages().values()}
    found: dict[str, set[type[Message]]] = {}
    root = Path(next(iter(package.__path__)))
    for path in sorted(root.glob("*/**/*.py")):
        folder = path.relative_to(root).parts[0]
        if folder in skip:
            continue
        source = path.read_text(encoding="utf-8")
        if any(f"{name}(" in source or f"{name}.TYPE" in source for name in classes):
            types = {classes[name] for name in _written(ast.parse(source)) if name in classes}
            if types:
                found.setdefault(folder, set()).update(types)
    return found


def _written(tree: ast.AST) -> Iterator[str]:
    """Names that are called, `EraseLead(...)` or `commands.EraseLead(...)`, or whose type is passed: `type=EraseLead.TYPE`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield called.id
            elif isinstance(called, ast.Attribute):
                yield called.attr
        elif isinstance(node, ast.keyword) and node.arg == "type" and isinstance(node.value, ast.Attribute):
            of = node.value.value
            if node.value.attr == "TYPE" and isinstance(of, ast.Name):
                yield of.id
