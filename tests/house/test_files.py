"""What every file of the project keeps to."""

import os
import re
from pathlib import Path

import pytest

from tests.house.files import ROOT, lines, project, texts

LINES_MAX = 350
LONGER = {
    "infra/kafka/partition.py": 460,
}
"""One whose parts can't be understood apart, and how long it may get."""
GENERATED = {"dashboard/src/api/schema.d.ts"}
CODE = {".py", ".ts", ".tsx", ".mjs", ".css"}

# Put together here, so that this file passes too.
HOMES = ("/ro" + "ot", "/ho" + "me", "/wo" + "rk", "/tmp" + "/lf", "/Us" + "ers")
PRIVATE_PATH = re.compile(rf"(?<![\w.:/\-])(?:{'|'.join(HOMES)})(?:/[\w.]|(?=[\s\"'`:;,)]|$))")
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("rubygems", "org"),
    )
)
LEFT_OVER = re.compile(rf"\b(?:TO{'DO'}|FIX{'ME'}|XX{'X'})\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PAGES = [path for path in project() if path.suffix == ".md"]
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        f"{at}: {line.strip()[:120]}" for path, text in texts() for at, line in lines(path, text) if PRIVATE_PATH.search(line)
    ]
    assert not found, "a path of one machine is right on no other; ask the settings, or pathlib:\n" + "\n".join(found)


def test_no_file_names_a_package_registry() -> None:
    found = [f"{at}: {host}" for path, text in texts() for at, line in lines(path, text) for host in REGISTRIES if host in line]
    assert not found, "where packages come from is each machine's own setting (mirrors, proxies):\n" + "\n".join(found)


def test_nothing_is_left_for_later() -> None:
    found = [f"{at}: {line.strip()[:120]}" for path, text in texts() for at, line in lines(path, text) if LEFT_OVER.search(line)]
    assert not found, "do it now, or open an issue; a note in the code is read by nobody:\n" + "\n".join(found)


def test_files_stay_short_enough_to_be_read_whole() -> None:
    long = []
    for path, text in texts():
        limit = LONGER.get(path.as_posix(), LINES_MAX)
        count = len(text.splitlines())
        if path.suffix in CODE and path.as_posix() not in GENERATED and count > limit:
            long.append(f"{path}: {count} lines of {limit}")
    assert not long, "split by what belongs together, not by length:\n" + "\n".join(long)


def test_no_file_is_allowed_to_be_longer_than_it_has_to_be() -> None:
    short = [name for name in LONGER if (ROOT / name).is_file() and len((ROOT / name).read_text().splitlines()) <= LINES_MAX]
    assert not short, f"{', '.join(short)}: within the limit by now; take it out of LONGER"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = _FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target) or target.startswith(("#", "/")):
            continue
        name, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / name
        if taken_out(linked):
            continue
        assert linked.exists(), f"{page} links to {target}, which does not exist"
        if anchor and linked.suffix == ".md":
            assert anchor in _anchors(linked), f"{page} links to {target}, which has no such heading"


def taken_out(linked: Path) -> bool:
    """A consumer that the picture still shows and that is gone: whoever takes one out touches no page."""
    parts = Path(os.path.normpath(linked)).relative_to(ROOT).parts
    if len(parts) < 2 or parts[0] != "consumers" or (ROOT / "consumers" / parts[1]).exists():
        return False
    return f"| {parts[1]} |" in (ROOT / "docs" / "topology.md").read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f'path = "{HOMES[0]}/x"', True),
        (f"cd {HOMES[2]}/main", True),
        (f"see {HOMES[1]}", True),
        (f"{HOMES[3]}/env.sh", True),
        (f"https://example.com{HOMES[2]}/1", False),
        (f"infra{HOMES[2]}.py", False),
        (f".{HOMES[0]}/x", False),
        (f"{HOMES[2]}ers", False),
    ],
)
def test_a_path_of_one_machine_is_told_from_an_address(line: str, *, found: bool) -> None:
    assert bool(PRIVATE_PATH.search(line)) is found
