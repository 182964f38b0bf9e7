"""Run seeds by hand: `python -m tests.simulation --seed 7 -v`, or `--seeds 1000`."""

import argparse
import sys
import time

from tests.simulation.check import check
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.steps import Violation
from tests.simulation.world import tell


def main() -> int:
    """0 if no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", type=int, default=100, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="life")
    parser.add_argument("-v", "--verbose", action="store_true", help="the whole trace")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else [options.seed]
    broken, steps, started = 0, 0, time.perf_counter()
    for seed in seeds:
        world = SCENARIOS[options.scenario](seed, keep_all=options.verbose)
        try:
            world.live()
            check(world)
        except Violation as violation:
            broken += 1
            print(f"seed {seed}: {violation}")
            if options.seed is not None:
                tell(world)
        else:
            if options.verbose:
                tell(world)
        world.close()
        steps += world.steps
    took = time.perf_counter() - started
    print(f"{len(seeds)} seeds, {steps} steps, {broken} broken, {took:.1f} s, {took / len(seeds) * 1000:.1f} ms a seed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
