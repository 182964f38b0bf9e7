"""Can each consumer be taken out? `python -m tests.house.deletable [--servers] [NAME...]`

A consumer's folder and its tests are deleted from a copy of the tree, and every check that needs no server (with `--servers`, also
those that do) is run there: nothing else may have to change. `identity` and `leads` are the floor that all stand on.
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
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "-m")
CHECKS: Mapping[str, Sequence[str]] = {
    "ruff": (sys.executable, "-m", "ruff", "check", "--no-cache", "."),
    "import-linter": (str(BIN / "lint-imports"), "--no-cache"),
    "mypy": (sys.executable, "-m", "mypy", "--cache-dir", "{cache}"),
    "tests": (*PYTEST, "not integration and not e2e and not long"),
    "servers": (*PYTEST, "integration and not long"),
}
OFFLINE = tuple(name for name in CHECKS if name != "servers")


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


def failures(consumer: str, checks: Sequence[str] = OFFLINE) -> Iterator[tuple[str, float, str | None]]:
    """(check, seconds, what it said where it failed) for each check in a tree without `consumer`."""
    with tempfile.TemporaryDirectory(prefix=f"without-{consumer}-") as folder:
        copy, cache = Path(folder) / "tree", Path(folder) / "cache"
        copy_without(consumer, copy)
        environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
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


def main(asked: Sequence[str]) -> int:
    """Report; 1 if anything fails anywhere."""
    names = [name for name in asked if name != "--servers"]
    failed = 0
    for consumer in names or consumers():
        for check, seconds, said in failures(consumer, tuple(CHECKS) if "--servers" in asked else OFFLINE):
            failed += said is not None
            verdict = "ok" if said is None else f"FAILS\n{said}"
            sys.stdout.write(f"without {consumer:<14} {check:<14} {seconds:6.1f} s  {verdict}\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
