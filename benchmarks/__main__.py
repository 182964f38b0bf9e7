"""`python -m benchmarks [NAME ...]`: all of it, or the stages named."""

import argparse
import sys

import uvloop
from rich.console import Console

from benchmarks import batches, chain, decoding, intake, latency, projections
from benchmarks.deployment import deployment, servers
from benchmarks.results import Results

STAGES = ("chain", "intake", "batches", "system", "log")


async def main(names: list[str], sizes: chain.Sizes, seconds: float, rounds: int) -> None:
    """Run the stages in order, each in a deployment of its own, and print the table even if one fails."""
    console = Console(highlight=False, width=180 if not sys.stdout.isatty() else None)
    results = Results(console)
    with servers() as addresses:
        try:
            if "chain" in names:
                async with deployment(addresses) as made:
                    await chain.run(made, results, sizes)
            if "intake" in names:
                async with deployment(addresses) as made:
                    await intake.run(made, results, seconds, rounds)
            if "batches" in names:
                async with deployment(addresses) as made:
                    await batches.run(made, results, seconds, rounds)
            if "system" in names:
                async with deployment(addresses) as made:
                    await latency.run(made, results, sizes.ours // 2, 2 * seconds)
            if "log" in names:
                async with deployment(addresses) as made:
                    await chain.everything(made, results, sizes)
                    await decoding.run(made, results, rounds)
                    await projections.run(made, results, rounds)
        finally:
            console.print(results.table())
            console.print(f"JSON lines: {results.path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(STAGES)}; all if none is given")
    parser.add_argument("--submissions", type=int, default=10_000, help="for ours; peers get a fraction")
    parser.add_argument("--seconds", type=float, default=10, help="of each HTTP measurement")
    parser.add_argument("--rounds", type=int, default=2, help="of what is measured by turns")
    given = parser.parse_args()
    unknown = set(given.names) - set(STAGES)
    if unknown:
        sys.exit(f"there is no stage {', '.join(sorted(unknown))}; there are: {', '.join(STAGES)}")
    count = given.submissions
    sizes = chain.Sizes(count, max(100, count // 8), max(50, count // 50))
    uvloop.run(main(given.names or list(STAGES), sizes, given.seconds, given.rounds))
