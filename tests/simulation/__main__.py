"""Run seeds by hand: `python -m tests.simulation --seed 7 -v`, or `--seeds 1000`."""

import argparse
import sys
import time

from tests.simulation.running import judged, seeded
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.world import story


def main() -> int:
    """0 if no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", type=int, default=100, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="life")
    parser.add_argument("-v", "--verbose", action="store_true", help="the whole trace")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else [options.seed]
    broken, steps, started = 0, 0, time.perf_counter()
    for seed in seeds:
        world = seeded(seed, options.scenario, keep_all=options.verbose)
        violation = judged(world)
        if violation is not None:
            broken += 1
            print(f"seed {seed}: {violation}")  # noqa: T201 - a command line
        if options.verbose or (violation is not None and options.seed is not None):
            print(story(world))  # noqa: T201
        steps += world.steps
    took = time.perf_counter() - started
    print(f"{len(seeds)} seeds, {steps} steps, {broken} broken, {took:.1f} s, {took / len(seeds) * 1000:.1f} ms a seed")  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
