"""The files of the project: those that git tracks or would; in a copy without git, all but what is built or fetched."""

import os
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = {".git", ".venv", ".leadflow", ".hypothesis", "node_modules", "dist", "coverage", "test-results", "__pycache__"}
TEXT_BYTES_MAX = 4 * 1024 * 1024


@lru_cache(maxsize=1)
def project() -> tuple[Path, ...]:
    """Paths relative to ROOT, sorted."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if (ROOT / ".git").exists():
        listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        found = {Path(name) for name in listed.split("\0") if name}
    else:
        found = set(_walked())
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def _walked() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in BUILT and not name.endswith("_cache")]
        yield from ((Path(folder) / name).relative_to(ROOT) for name in names)


def text(path: Path) -> str | None:
    """Contents; None where they are no text."""
    raw = (ROOT / path).read_bytes()
    if b"\0" in raw or len(raw) > TEXT_BYTES_MAX:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file with its contents."""
    for path in project():
        contents = text(path)
        if contents is not None:
            yield path, contents


def lines(path: Path, contents: str) -> Iterator[tuple[str, str]]:
    """(file:number, line)."""
    for number, line in enumerate(contents.splitlines(), 1):
        yield f"{path}:{number}", line
