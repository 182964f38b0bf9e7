"""What there is to run, found by folder."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import consumers
from infra.wiring import discovery
from schemas import topics

ROOT = Path(consumers.__path__[0]).parent


def folders(package: str, file: str) -> set[str]:
    return {path.parent.name for path in (ROOT / package).glob(f"*/{file}")}


def test_every_consumers_folder_is_found() -> None:
    assert {name.partition(".")[0] for name in discovery.consumer_names()} == folders("consumers", "consumer.py")
    assert ("routing.pools" in discovery.consumer_names()) is (ROOT / "consumers" / "routing").exists()
    assert list(discovery.step_makers()) == ["identity"]


def test_no_two_consumers_share_a_name_or_a_schema() -> None:
    names = discovery.consumer_names()
    assert len(set(names)) == len(names)
    schemas = [fold.schema for fold in discovery.folds()]
    assert len(set(schemas)) == len(schemas)


def test_every_fact_has_one_writer() -> None:
    writers: dict[str, str] = {}
    for fold in discovery.folds():
        for cls in fold.writes:
            if cls.TOPIC is topics.EVENTS:
                assert writers.setdefault(cls.TYPE, fold.name) == fold.name


def test_every_read_models_folder_is_found_and_can_be_built_anew() -> None:
    assert set(discovery.projection_makers()) == folders("projections", "projector.py")
    assert set(discovery.projection_models()) == folders("projections", "model.py")
    for name, make in discovery.projection_makers().items():
        beside = make(schema=f"{name}_next")
        assert (make().name, beside.name, beside.schema) == (name, name, f"{name}_next")


def test_every_endpoint_and_job_is_found() -> None:
    assert len(discovery.routers()) == len(folders("producers", "endpoint.py")) + len(folders("projections", "endpoint.py"))
    assert set(discovery.projection_jobs()) == folders("projections", "jobs.py")
    assert set(discovery.consumer_jobs()) == folders("consumers", "jobs.py")
    assert set(discovery.waiting()) == folders("consumers", "waiting.py")


def test_every_kind_of_document_has_defaults_for_version_0() -> None:
    kinds = discovery.document_kinds()
    assert {fold_kind.KIND for fold in discovery.folds() for fold_kind in fold.documents} == set(kinds)
    assert all(cls() is not None for cls in kinds.values())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with one consumer, a folder without one, and a file."""
    root = tmp_path / "planted"
    for folder, text in {"alpha": "folds = ()", "beta": None}.items():
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
        if text is not None:
            (root / folder / "consumer.py").write_text(text)
    (root / "__init__.py").touch()
    (root / "loose.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("planted")
    for name in [name for name in sys.modules if name.partition(".")[0] == "planted"]:
        del sys.modules[name]


def test_a_folder_that_is_added_is_found_and_one_without_the_module_is_passed_over(package: ModuleType) -> None:
    assert [name for name, _ in discovery.modules(package, "consumer")] == ["alpha"]
