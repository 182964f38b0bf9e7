"""Living through a seed and judging it; what the tests and the command line share."""

from tests.simulation.check import check
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.steps import Violation
from tests.simulation.variants import Variants
from tests.simulation.world import World


def judged(world: World) -> Violation | None:
    """Live, check, let go."""
    try:
        world.live()
        check(world)
    except Violation as violation:
        return violation
    finally:
        world.close()
    return None


def seeded(seed: int, scenario: str = "life", variants: Variants | None = None, *, keep_all: bool = False) -> World:
    """A world of one seed."""
    world: World = SCENARIOS[scenario](seed, variants, keep_all=keep_all)
    world.scenario = scenario
    return world
