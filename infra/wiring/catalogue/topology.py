"""Participants and topics -> docs/topology.svg and docs/topology.md. Pure but for `main`."""

import sys
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from infra.wiring.catalogue.layout import (
    BAR_HEIGHT,
    BOX_HEIGHT,
    BOX_WIDTH,
    LEGEND,
    MARGIN,
    Arrow,
    Bar,
    Box,
    Picture,
    edges,
    picture,
)
from infra.wiring.catalogue.participants import NOT_IN_USE, Kind, Participant, participants
from schemas.topics import CATALOGUE, DAY_MS, Topic

FOLDER: Final = Path(__file__).resolve().parents[3] / "docs"
COMMAND: Final = "python -m infra.wiring.catalogue"

COLOURS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.PRODUCER: ("#e8f1fd", "#2563a8"),
    Kind.PROCESS: ("#f1f0f4", "#6b6478"),
    Kind.CONSUMER: ("#fdf0dc", "#b26a00"),
    Kind.READ_MODEL: ("#e4f5ea", "#1d7a43"),
}
"""Fill and line by kind."""
INK: Final = "#1b2430"
QUIET_INK: Final = "#5b6675"
BAR_FILL: Final = "#22344f"
BAR_INK: Final = "#ffffff"
WRITES: Final = "#b26a00"
READS: Final = "#47556b"
FONT: Final = "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\""
NAME_CHARACTERS_PER_LINE: Final = 18


def kept(topic: Topic) -> str:
    """Retention in words."""
    return "kept for ever" if topic.retention_ms is None else f"kept {topic.retention_ms // DAY_MS} days"


def svg(drawn: Picture) -> str:
    """One SVG document: no script, no style sheet, no outside font, so that any viewer shows it alike."""
    width, height = round(drawn.width), round(drawn.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<g {FONT}>",
        "<title>Topics of Leadflow, and who writes and reads them</title>",
        "<defs>",
        _marker("writes", WRITES),
        _marker("reads", READS),
        "</defs>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>',
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" fill="none" stroke="#d9dee5"/>',
        f'<text x="{MARGIN}" y="34" font-size="18" font-weight="600" fill="{INK}">The bus, and who writes and reads it</text>',
        *(_arrow(arrow) for arrow in drawn.arrows),
        *(_bar(bar, drawn.width) for bar in drawn.bars),
        *(_box(box) for box in drawn.boxes),
        _legend(drawn),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0,0.6 L7.4,4 L0,7.4 z" fill="{colour}"/></marker>'
    )


def _arrow(arrow: Arrow) -> str:
    name, colour = ("writes", WRITES) if arrow.writes else ("reads", READS)
    return (
        f'<line x1="{arrow.x:g}" y1="{arrow.begin:g}" x2="{arrow.x:g}" y2="{arrow.end:g}" stroke="{colour}" stroke-width="1.8"'
        f' marker-end="url(#{name})"><title>{name} {escape(", ".join(arrow.types))}</title></line>'
    )


def _bar(bar: Bar, width: float) -> str:
    topic, inner = bar.topic, round(width) - 2 * MARGIN
    unused = topic.name in NOT_IN_USE
    fill, ink = ("#eef1f5", QUIET_INK) if unused else (BAR_FILL, BAR_INK)
    dashes = ' stroke="#aab4c2" stroke-dasharray="4 3"' if unused else ""
    more = "not in use yet" if unused else kept(topic)
    middle = bar.y + BAR_HEIGHT / 2 + 4.5
    return (
        f"<g><title>{escape(topic.carries)}; key: {escape(topic.key)}; {kept(topic)}</title>"
        f'<rect x="{MARGIN}" y="{bar.y:g}" width="{inner}" height="{BAR_HEIGHT}" rx="6" fill="{fill}"{dashes}/>'
        f'<text x="{MARGIN + 14}" y="{middle:g}" font-size="14" fill="{ink}"><tspan font-weight="600">{topic.name}</tspan>'
        f'<tspan dx="12" font-size="12" opacity="0.85">{escape(topic.carries)}</tspan></text>'
        f'<text x="{MARGIN + inner - 14}" y="{middle:g}" font-size="12" fill="{ink}" opacity="0.85" text-anchor="end">'
        f"{more}</text></g>"
    )


def _box(box: Box) -> str:
    participant = box.participant
    fill, line = COLOURS[participant.kind]
    x, centre = box.x, box.x + BOX_WIDTH / 2
    size = 14 if len(participant.name) <= NAME_CHARACTERS_PER_LINE else 11
    return (
        f"<g><title>{escape(participant.says)}</title>"
        f'<rect x="{x:g}" y="{box.y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8" fill="{fill}" stroke="{line}"'
        ' stroke-width="1.4"/>'
        f'<text x="{centre:g}" y="{box.y + 20:g}" font-size="{size}" font-weight="600" fill="{INK}" text-anchor="middle">'
        f"{escape(participant.name)}</text>"
        f'<text x="{centre:g}" y="{box.y + 36:g}" font-size="11" fill="{line}" text-anchor="middle">'
        f"{participant.kind.value}</text></g>"
    )


def _legend(drawn: Picture) -> str:
    y, x = drawn.height - LEGEND + 12, float(MARGIN)
    parts = []
    for name, colour in (("reads", READS), ("writes", WRITES)):
        parts.append(
            f'<line x1="{x:g}" y1="{y:g}" x2="{x + 28:g}" y2="{y:g}" stroke="{colour}" stroke-width="1.8"'
            f' marker-end="url(#{name})"/>'
            f'<text x="{x + 36:g}" y="{y + 4:g}" font-size="12" fill="{QUIET_INK}">{name}</text>'
        )
        x += 92
    parts.append(
        f'<text x="{x:g}" y="{y + 4:g}" font-size="12" fill="{QUIET_INK}">'
        "lines pass beneath topics that they have no business with</text>"
    )
    return "".join(parts)


def markdown(everybody: tuple[Participant, ...]) -> str:
    """A page with the picture as mermaid, and the same as tables."""
    lines = [
        "# Topology",
        "",
        f"Made by `{COMMAND}` from the code; a test says when it is stale.",
        "",
        "![Topics, and who writes and reads them](topology.svg)",
        "",
        "```mermaid",
        *mermaid(everybody),
        "```",
        "",
        "| topic | carries | key | kept | written by | read by |",
        "|---|---|---|---|---|---|",
    ]
    for topic in CATALOGUE.values():
        writes = ", ".join(one.name for one in everybody if topic in one.topics_written()) or "nobody yet"
        reads = ", ".join(one.name for one in everybody if one.reads is topic) or "nobody yet"
        how_long = kept(topic).removeprefix("kept ")
        lines.append(f"| `{topic.name}` | {topic.carries} | {topic.key} | {how_long} | {writes} | {reads} |")
    lines += ["", "| who | is | for | takes | writes |", "|---|---|---|---|---|"]
    for one in everybody:
        takes = "everything" if one.kind is Kind.READ_MODEL else _types(one.takes)
        lines.append(f"| {one.name} | {one.kind.value} | {one.says} | {takes} | {_types(one.writes)} |")
    return "\n".join(lines) + "\n"


def _types(classes: tuple[type, ...]) -> str:
    return ", ".join(f"`{cls.TYPE}`" for cls in classes) or "-"  # type: ignore[attr-defined]


def mermaid(everybody: tuple[Participant, ...]) -> list[str]:
    """Lines of a flowchart."""
    lines = ["flowchart LR"]
    lines += [f'  {_id(topic.name)}[("{topic.name}")]' for topic in CATALOGUE.values() if topic.name not in NOT_IN_USE]
    lines += [f'  {_id(one.name)}["{one.name}"]:::{_id(one.kind.value)}' for one in everybody]
    lines += [f"  {_id(begin)} --> {_id(end)}" for begin, end in edges(everybody)]
    lines += [f"  classDef {_id(kind.value)} fill:{fill},stroke:{line},color:{INK}" for kind, (fill, line) in COLOURS.items()]
    return lines


def _id(name: str) -> str:
    return "n_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def generated() -> dict[str, str]:
    """Files of docs/ by name."""
    everybody = participants()
    return {
        "topology.svg": svg(picture(everybody, tuple(CATALOGUE.values()))),
        "topology.md": markdown(everybody),
    }


def main(folder: Path = FOLDER) -> int:
    """Write them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generated().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name} written\n")
    return 0
