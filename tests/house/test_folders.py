"""Folders are alike: whoever knows one knows all."""

import ast
import re
from pathlib import Path

import pytest

from infra.wiring import discovery
from infra.wiring.catalogue.participants import Kind, participants
from schemas.topics import CATALOGUE
from tests.house.files import ROOT, project

CONSUMERS = sorted(path.parent for path in (ROOT / "consumers").glob("*/__init__.py"))
PROJECTIONS = sorted(path.parent for path in (ROOT / "projections").glob("*/__init__.py"))
PRODUCERS = sorted(path.parent for path in (ROOT / "producers").glob("*/__init__.py"))
MIGRATIONS = sorted(ROOT.glob("*/*/migrations/0001_*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


@pytest.mark.parametrize("folder", CONSUMERS, ids=named)
def test_a_consumer_says_its_flow_first(folder: Path) -> None:
    path = folder / "consumer.py"
    assert path.is_file(), f"{named(folder)} has no consumer.py, which is what a reader opens and what is looked for"
    line = first_line(path)
    stations = [station.strip() for station in re.split(r"->|,", line)]
    assert stations[0] in CATALOGUE, f"{named(path)}: begin with `topic -> name -> topic`, not {line!r}"
    assert folder.name in stations, f"{named(path)}: its flow does not name {folder.name}"
    for participant in participants():
        if participant.kind is Kind.CONSUMER and participant.name.partition(".")[0] == folder.name:
            wanted = {participant.name, *(topic.name for topic in participant.topics_written())}
            wanted |= {participant.reads.name} if participant.reads else set()
            assert wanted <= set(stations), f"{named(path)}: the flow lacks {sorted(wanted - set(stations))}"


@pytest.mark.parametrize("folder", PROJECTIONS, ids=named)
def test_a_read_model_says_its_flow_first(folder: Path) -> None:
    line = first_line(folder / "projector.py")
    assert line.startswith(f"leads.events -> {folder.name} -> "), f"{named(folder)}/projector.py begins with {line!r}"


@pytest.mark.parametrize("folder", PRODUCERS, ids=named)
def test_a_producer_has_an_endpoint_and_a_pure_translation(folder: Path) -> None:
    assert (folder / "endpoint.py").is_file()
    assert (folder / "translate.py").is_file()


@pytest.mark.parametrize("path", MIGRATIONS, ids=named)
def test_a_folders_tables_stand_in_the_schema_and_branch_of_its_name(path: Path) -> None:
    folder = path.parents[1].name
    values = {
        target.id: node.value.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant)
    }
    branches = re.findall(r"branch_labels.*?[\"'](\w+)[\"']", path.read_text(encoding="utf-8"))
    assert branches == [folder], f"{named(path)}: the branch is {branches}, the folder {folder}"
    assert values.get("revision") == f"{folder}_0001"
    assert values.get("down_revision") is None


def test_every_fold_and_read_model_has_tables_of_its_own() -> None:
    made = {
        path.parents[1].name: "".join(one.read_text(encoding="utf-8") for one in sorted(path.parent.glob("*.py")))
        for path in MIGRATIONS
    }
    for fold in discovery.folds():
        folder = fold.name.partition(".")[0]
        assert folder in made, f"{folder} keeps states and has no migrations"
        assert re.search(rf"[\"']{fold.schema}[\"']", made[folder]), f"{folder}'s migrations make no schema {fold.schema}"
    for name, make in discovery.projection_makers().items():
        assert make().schema == name, f"the read model {name} keeps its tables in {make().schema}"
        assert name in made, f"{name} keeps rows and has no migrations"


@pytest.mark.parametrize("folder", [*CONSUMERS, *PROJECTIONS, *PRODUCERS], ids=named)
def test_tests_mirror_the_tree(folder: Path) -> None:
    mirrored = Path("tests") / folder.relative_to(ROOT)
    tests = [path for path in project() if mirrored in path.parents and path.name.startswith("test_")]
    assert tests, f"{mirrored} has no test of {named(folder)}"
