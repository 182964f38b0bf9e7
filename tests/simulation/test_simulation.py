"""The runtime keeps its promises in every history that the seeds tell. LEADFLOW_SEEDS sets how many (1000)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.kafka import folding
from tests.simulation.faults import Faults
from tests.simulation.process import SESSION_MS, Process
from tests.simulation.running import judged, seeded
from tests.simulation.world import Size, World, story

SEEDS = int(os.environ.get("LEADFLOW_SEEDS", "1000"))
CHUNK = 100
FOUND_BUGS_ONCE = (2, 3, 5, 8, 9, 33, 43, 316)
STEPS_MIN = 200
SMALL = Size(steps=STEPS_MIN, commands=3, leads=2, records_per_commit=3)
CALM = Faults.none(Faults())


def kept(world: World) -> None:
    violation = judged(world)
    if violation is not None:
        pytest.fail(f"{violation}\n{story(world)}", pytrace=False)
    assert world.steps >= STEPS_MIN


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_promises_are_kept_in_every_history(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        kept(seeded(seed))


@pytest.mark.parametrize("seed", FOUND_BUGS_ONCE)
def test_histories_that_once_showed_a_bug_are_harmless_now(seed: int) -> None:
    kept(seeded(seed))


def test_a_topic_made_again_is_noticed_and_with_an_emptied_database_nothing_is_lost() -> None:
    for seed in range(max(20, SEEDS // 40)):
        kept(seeded(seed, "remade"))


@pytest.mark.parametrize("seed", range(2))
def test_a_crash_at_any_await_of_anybody_changes_nothing(seed: int) -> None:
    sweep(seed, Process.crash)


@pytest.mark.parametrize("seed", range(2))
def test_a_process_that_sleeps_through_its_session_at_any_await_changes_nothing(seed: int) -> None:
    sweep(seed, lambda process: process.freeze(2 * SESSION_MS))


def sweep(seed: int, strike: object) -> None:
    """The same short life again and again, struck one step later each time."""
    for at in range(STEPS_MIN):
        world = World(seed, size=SMALL, faults=CALM)
        world.strike, world.strike_at = strike, at  # type: ignore[assignment]
        kept(world)
        assert world.strike is None


def test_timers_fire_alike_however_few_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "TIMERS_PER_QUERY", 1)
    for seed in range(20):
        kept(seeded(seed))


def test_a_seed_is_one_history_in_any_process() -> None:
    script = (
        "from tests.simulation.running import judged, seeded\n"
        "world = seeded(4, keep_all=True)\n"
        "judged(world)\n"
        "print(hash(0), *world.trace, sep='\\n')\n"
    )
    stories = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": salt},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(stories) == 1
    assert len(stories.pop()) > 1000


def test_a_failing_seed_says_what_happened_and_how_to_see_it_again() -> None:
    world = seeded(1)
    judged(world)
    assert "everything heals" in story(world) or len(world.trace) == world.trace.maxlen
    assert story(world).endswith("again: python -m tests.simulation --seed 1 -v")
