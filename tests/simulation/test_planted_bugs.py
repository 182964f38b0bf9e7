"""The simulation is worth something: each of these bugs, planted in one part of the world, is found."""

import re

import pytest

from infra.kafka.fold import Fold
from schemas import topics
from schemas.events import LeadScored
from tests.simulation.bugs import BUGS, Bug
from tests.simulation.folds import Tally
from tests.simulation.running import judged, seeded
from tests.simulation.world import story


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Bug) -> None:
    for seed in range(bug.seeds):
        violation = judged(seeded(seed, bug.scenario, bug.variants))
        if violation is not None and re.search(bug.found, str(violation)):
            break
    else:
        pytest.fail(f"{bug.name}: not found in {bug.seeds} seeds")
    world = seeded(seed, bug.scenario)
    assert judged(world) is None, f"without the bug, too:\n{story(world)}"


def test_a_fold_that_sets_timers_where_nothing_ticks_is_refused() -> None:
    with pytest.raises(TypeError, match="have ticks to fire them"):
        Fold("late", topics.COMMANDS, Tally, handlers={}, timers={"late": lambda *_: None})  # type: ignore[dict-item,arg-type,return-value]


def test_a_fold_that_handles_what_it_writes_is_refused() -> None:
    with pytest.raises(TypeError, match="which it writes"):
        Fold("echo", topics.EVENTS, Tally, handlers={LeadScored: lambda *_: None}, writes=(LeadScored,))  # type: ignore[dict-item,arg-type,return-value]
