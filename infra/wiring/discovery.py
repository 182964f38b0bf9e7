"""What there is to run, found by folder: adding or removing a consumer, a read model or an endpoint touches no list."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from fastapi import APIRouter

import consumers
import producers
import projections
from infra.kafka.fold import Document, Fold


def modules(package: ModuleType, name: str) -> Iterator[tuple[str, ModuleType]]:
    """(folder, module) for every sub-package that has a module of this name."""
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if not found.ispkg:
            continue
        full = f"{package.__name__}.{found.name}.{name}"
        if importlib.util.find_spec(full) is not None:
            yield found.name, importlib.import_module(full)


def folds() -> list[Fold[Any]]:
    """Every fold of every consumer."""
    return [fold for _, module in modules(consumers, "consumer") for fold in getattr(module, "folds", ())]


def step_makers() -> dict[str, Any]:
    """Consumers that are no folds, by name: `steps(keyring)` makes their steps."""
    return {folder: module.steps for folder, module in modules(consumers, "consumer") if hasattr(module, "steps")}


def consumer_names() -> list[str]:
    """Names that `leadflow consume` accepts."""
    steps = [step.name for make in step_makers().values() for step in make(None)]  # a declaration opens nothing
    return sorted([*steps, *(fold.name for fold in folds())])


def consumer_jobs() -> dict[str, Any]:
    """Background work of consumers, by folder: `jobs(has)` of its `jobs.py`."""
    return {folder: module.jobs for folder, module in modules(consumers, "jobs")}


def waiting() -> dict[str, Any]:
    """What consumers keep waiting on purpose, by folder: `await count(pool)` of its `waiting.py`, by what it waits for."""
    return {folder: module.count for folder, module in modules(consumers, "waiting")}


def projection_makers() -> dict[str, Any]:
    """Read models by name: `projection(schema=..., announce=...)` declares one."""
    return {folder: module.projection for folder, module in modules(projections, "projector")}


def document_kinds() -> dict[str, type[Document]]:
    """Every kind of document that some fold decides by. Two classes of one kind are a mistake of ours."""
    kinds: dict[str, type[Document]] = {}
    for fold in folds():
        for kind in fold.documents:
            if kinds.setdefault(kind.KIND, kind) is not kind:
                raise TypeError(f"document kind {kind.KIND!r} is declared by {kinds[kind.KIND]!r} and {kind!r}")
    return kinds


def routers() -> list[APIRouter]:
    """Endpoints of producers and read models."""
    return [module.router for package in (producers, projections) for _, module in modules(package, "endpoint")]


def direct_routes(services: Any) -> dict[str, Any]:
    """Hot routes by path prefix, past FastAPI: `direct(services)` of a producer's endpoint."""
    found: dict[str, Any] = {}
    for _, module in modules(producers, "endpoint"):
        if hasattr(module, "direct"):
            found.update(module.direct(services))
    return found


def projection_jobs() -> dict[str, Any]:
    """Background work of read models, by name: `jobs(has)` of a folder's `jobs.py`."""
    return {folder: module.jobs for folder, module in modules(projections, "jobs")}


def producer_jobs() -> dict[str, Any]:
    """Background work of producers, by name: `jobs(has)` of a folder's `jobs.py`, for `leadflow work`."""
    return {folder: module.jobs for folder, module in modules(producers, "jobs")}


def projection_models() -> dict[str, tuple[Any, Any]]:
    """(declare, create tables) of read models that can be built anew beside themselves."""
    makers = projection_makers()
    return {
        folder: (makers[folder], module.create)
        for folder, module in modules(projections, "model")
        if folder in makers and hasattr(module, "create")
    }
