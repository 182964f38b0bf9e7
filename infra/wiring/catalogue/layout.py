"""Where everything stands in the picture of the bus. Pure.

Topics are bars across the picture, stacked in the direction of the flow. Everybody else is a box between the bars, in a column of
which it needs the stretch from the first to the last bar that it touches; so every arrow is a straight vertical line, and no line
crosses a box. Lines pass beneath the bars that they have no business with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra.wiring.catalogue.participants import Participant
from schemas.topics import Topic

BOX_WIDTH: Final = 148
BOX_HEIGHT: Final = 46
BAR_HEIGHT: Final = 34
COLUMN_GAP: Final = 18
ARROW: Final = 26
BAR_GAP: Final = 10
MARGIN: Final = 20
TITLE: Final = 44
LEGEND: Final = 40
SPREAD_MAX: Final = 30

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """A participant's place; `x`, `y` are the upper left corner."""

    participant: Participant
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A topic's place; all bars are as wide as the picture."""

    topic: Topic
    y: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """A vertical line from `begin` to `end`, where its head is; `types` travel on it."""

    x: float
    begin: float
    end: float
    writes: bool
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything with its place, in pixels."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    bars: tuple[Bar, ...]
    arrows: tuple[Arrow, ...]


def edges(participants: Iterable[Participant]) -> list[Edge]:
    """Who -> topic and topic -> who, in the catalogue's order."""
    found: list[Edge] = []
    for participant in participants:
        if participant.reads is not None:
            found.append((participant.reads.name, participant.name))
        found.extend((participant.name, topic.name) for topic in participant.topics_written())
    return found


def picture(participants: Sequence[Participant], topics: Sequence[Topic]) -> Picture:
    """Lay out. Topics that nobody uses stand with the rest, in the catalogue's order."""
    layers = _layers(participants, topics)
    tops, bars, height = _rows(participants, topics, layers)
    columns = _columns(participants, layers)
    width = 2 * MARGIN + (max(columns.values(), default=0) + 1) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    boxes = tuple(
        Box(participant, MARGIN + columns[participant.name] * (BOX_WIDTH + COLUMN_GAP), tops[participant.name])
        for participant in participants
    )
    placed = {bar.topic.name: bar for bar in bars}
    arrows = tuple(arrow for box in boxes for arrow in _arrows(box, placed))
    return Picture(width, height, boxes, bars, arrows)


def _layers(participants: Sequence[Participant], topics: Sequence[Topic]) -> dict[str, int]:
    """Longest way from those who only write; a line that closes a circle doesn't count."""
    after: dict[str, list[str]] = {}
    for begin, end in edges(participants):
        after.setdefault(begin, []).append(end)
    order = {topic.name: place for place, topic in enumerate(topics)}
    starts = [participant.name for participant in participants if participant.reads is None]
    starts.sort(key=lambda name: min((order[end] for end in after.get(name, ())), default=len(order)))
    finished: list[str] = []
    forward: list[Edge] = []
    for start in [*starts, *order, *(participant.name for participant in participants)]:
        _visit(start, after, order, [], finished, forward)
    layers = dict.fromkeys(finished, 0)
    for name in reversed(finished):
        for begin, end in forward:
            if begin == name:
                layers[end] = max(layers[end], layers[begin] + 1)
    return _settled(layers, participants, topics, after)


def _visit(
    name: str, after: Mapping[str, list[str]], order: Mapping[str, int], way: list[str], finished: list[str], forward: list[Edge]
) -> None:
    if name in finished:
        return
    way.append(name)
    for end in sorted(after.get(name, ()), key=lambda end: order.get(end, 0)):
        if end not in way:
            forward.append((name, end))
            _visit(end, after, order, way, finished, forward)
    way.pop()
    finished.append(name)


def _settled(
    layers: dict[str, int], participants: Sequence[Participant], topics: Sequence[Topic], after: Mapping[str, list[str]]
) -> dict[str, int]:
    """Topics on odd layers, in one order; those who only write all on the first; unused topics where the catalogue has them."""
    used = {end for ends in after.values() for end in ends} | set(after)
    before = 1
    for topic in topics:
        if topic.name not in used:
            layers[topic.name] = before
        elif layers[topic.name] % 2 == 0:
            layers[topic.name] += 1
        before = layers[topic.name]
    for participant in participants:
        layers[participant.name] = 0 if participant.reads is None else layers[participant.reads.name] + 1
    return layers


def _rows(
    participants: Sequence[Participant], topics: Sequence[Topic], layers: Mapping[str, int]
) -> tuple[dict[str, float], tuple[Bar, ...], float]:
    tops: dict[str, float] = {}
    bars: list[Bar] = []
    y = float(TITLE + MARGIN)
    for layer in range(max(layers.values(), default=0) + 1):
        for topic in [topic for topic in topics if layers[topic.name] == layer]:
            bars.append(Bar(topic, y))
            y += BAR_HEIGHT + BAR_GAP
        here = [participant.name for participant in participants if layers[participant.name] == layer]
        if here:
            y += 0 if layer == 0 else ARROW - BAR_GAP
            tops.update(dict.fromkeys(here, y))
            y += BOX_HEIGHT + ARROW
    return tops, tuple(bars), y + LEGEND


def _columns(participants: Sequence[Participant], layers: Mapping[str, int]) -> dict[str, int]:
    """The first column that is free from the first to the last bar that a participant touches."""
    taken: list[list[tuple[float, float]]] = []
    columns: dict[str, int] = {}
    for participant in sorted(participants, key=lambda one: _wish(one, layers)):
        begin, end = _stretch(participant, layers)
        for column, stretches in enumerate(taken):
            if all(end <= other_begin or begin >= other_end for other_begin, other_end in stretches):
                stretches.append((begin, end))
                columns[participant.name] = column
                break
        else:
            taken.append([(begin, end)])
            columns[participant.name] = len(taken) - 1
    return columns


def _wish(participant: Participant, layers: Mapping[str, int]) -> tuple[float, ...]:
    """Short stretches first and from the top, so that the main way runs straight down the first column; read models last."""
    begin, end = _stretch(participant, layers)
    return (end - begin > 2, not participant.writes, layers[participant.name], end - begin)


def _stretch(participant: Participant, layers: Mapping[str, int]) -> tuple[float, float]:
    touched = [layers[topic.name] for topic in participant.topics_written()]
    if participant.reads is not None:
        touched.append(layers[participant.reads.name])
    own = layers[participant.name]
    return min([own - 0.5, *touched]), max([own + 0.5, *touched])


def _arrows(box: Box, bars: Mapping[str, Bar]) -> list[Arrow]:
    """Lines of a box, spread over its upper and its lower side."""
    participant = box.participant
    lines = [(bars[topic.name], True) for topic in participant.topics_written()]
    if participant.reads is not None:
        lines.insert(0, (bars[participant.reads.name], False))
    found: list[Arrow] = []
    for upper in (True, False):
        side = [line for line in lines if (line[0].y < box.y) is upper]
        for nth, (bar, writes) in enumerate(side):
            step = min(SPREAD_MAX, BOX_WIDTH / (len(side) + 1))
            x = box.x + BOX_WIDTH / 2 + (nth - (len(side) - 1) / 2) * step
            at_bar = bar.y + BAR_HEIGHT if upper else bar.y
            at_box = box.y if upper else box.y + BOX_HEIGHT
            begin, end = (at_box, at_bar) if writes else (at_bar, at_box)
            classes = participant.writes if writes else participant.takes
            types = tuple(cls.TYPE for cls in classes if cls.TOPIC is bar.topic)
            found.append(Arrow(x, begin, end, writes, types))
    return found
