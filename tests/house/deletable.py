"""Can each consumer be taken out? `python -m tests.house.deletable [NAME...]`

A consumer's folder and its tests are deleted from a copy of the tree, and every check that needs no server is run there: nothing else
may have to change. `identity` and `leads` are the floor that all stand on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.house.files import ROOT, project

FLOOR = {"identity", "leads"}
SECONDS_MAX = 1200
SHOWN_LINES = 25
BIN = Path(sys.executable).parent
UNIT = "not integration and not e2e and not long"
CHECKS: Mapping[str, Sequence[str]] = {
    "ruff": (sys.executable, "-m", "ruff", "check", "--no-cache", "."),
    "import-linter": (str(BIN / "lint-imports"), "--no-cache"),
    "mypy": (sys.executable, "-m", "mypy", "--cache-dir", "{cache}"),
    "tests": (sys.executable, "-m", "pytest", "-m", UNIT, "-q", "-x", "-p", "no:cacheprovider", "--no-header"),
}


def consumers() -> list[str]:
    """Those that can be taken out."""
    found = {path.parts[1] for path in project() if path.parts[0] == "consumers" and len(path.parts) > 2}
    return sorted(found - FLOOR)


def copy_without(consumer: str, into: Path) -> None:
    """The tree as it is now, less one consumer."""
    gone = (Path("consumers") / consumer, Path("tests/consumers") / consumer)
    for path in project():
        if any(folder in path.parents for folder in gone):
            continue
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)


def failures(consumer: str, checks: Sequence[str] = tuple(CHECKS)) -> Iterator[tuple[str, float, str | None]]:
    """(check, seconds, what it said where it failed) for each check in a tree without `consumer`."""
    with tempfile.TemporaryDirectory(prefix=f"without-{consumer}-") as folder:
        copy, cache = Path(folder) / "tree", Path(folder) / "cache"
        copy_without(consumer, copy)
        # The simulation knows no consumer of ours: a few seeds say that it still runs.
        environment = {**os.environ, "PYTHONPATH": str(copy), "LEADFLOW_SEEDS": "10", "PYTHONDONTWRITEBYTECODE": "1"}
        for check in checks:
            command = [part.format(cache=cache) for part in CHECKS[check]]
            begun = time.monotonic()
            done = subprocess.run(
                command,
                cwd=copy,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS_MAX,
                check=False,
            )
            yield check, time.monotonic() - begun, None if done.returncode == 0 else _end(done.stdout)


def _end(said: str) -> str:
    return "\n".join(said.rstrip().splitlines()[-SHOWN_LINES:])


def main(names: Sequence[str]) -> int:
    """Report; 1 if anything fails anywhere."""
    failed = 0
    for consumer in names or consumers():
        for check, seconds, said in failures(consumer):
            failed += said is not None
            verdict = "ok" if said is None else f"FAILS\n{said}"
            sys.stdout.write(f"without {consumer:<14} {check:<14} {seconds:6.1f} s  {verdict}\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
