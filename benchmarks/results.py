"""Results: one JSON line each in benchmarks/results, and one table for people."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"


class Wrong(Exception):
    """The end state is not the expected one, so there is no figure."""


@dataclass
class Result:
    """One figure.

    Attributes:
        stage: what was measured.
        who: ours, or the peer's name.
        value, unit: the figure.
        cpu_us: CPU of the measured processes per item, microseconds (servers and load generator not counted).
        ratio: to the peer or limit named in `beside`, measured in the same run.
        more: whatever else was seen.
    """

    stage: str
    who: str
    value: float
    unit: str
    cpu_us: float | None = None
    ratio: float | None = None
    beside: str = ""
    more: dict[str, Any] = field(default_factory=dict)


class Results:
    """Collects the results of one run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.found: list[Result] = []
        FOLDER.mkdir(exist_ok=True)
        self._path = FOLDER / f"{time.strftime('%Y-%m-%dT%H%M%S')}.jsonl"

    def add(self, result: Result) -> Result:
        """Keep one, on disk at once."""
        self.found.append(result)
        line = asdict(result) | {
            "at": time.time(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "host": platform.machine(),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.console.print(f"  {result.stage}, {result.who}: {_number(result.value)} {result.unit}")
        return result

    def compare(self, ours: Result, peer: Result) -> None:
        """Say how ours stands to the peer."""
        ours.ratio, ours.beside = ours.value / peer.value, peer.who

    def table(self) -> Table:
        """For people."""
        table = Table(title=f"{os.cpu_count()} cores, shared by load generator, servers and program")
        for name in ("stage", "who"):
            table.add_column(name)
        for name in ("figure", "CPU us/item", "ratio", "more"):
            table.add_column(name, justify="right" if name != "more" else "left")
        stage = ""
        for result in self.found:
            if result.stage != stage and stage:
                table.add_section()
            table.add_row(
                "" if result.stage == stage else result.stage,
                result.who,
                f"{_number(result.value)} {result.unit}",
                "" if result.cpu_us is None else _number(result.cpu_us),
                "" if result.ratio is None else f"{result.ratio:.2f} x {result.beside}",
                ", ".join(f"{name} {_number(value)}" for name, value in result.more.items()),
            )
            stage = result.stage
        return table

    @property
    def path(self) -> Path:
        """Where the JSON lines are."""
        return self._path


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
