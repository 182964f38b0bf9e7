"""`python -m infra.local --data DIR`: run the servers until Ctrl-C, after printing their addresses as one JSON line.

Standard output: `{"addresses": {...}}`, or `{"error": TEXT}` with exit code 1; later `{"ended": NAME}`, should a server
end by itself without `--keep-up` (exit code 2). Progress goes to standard error. While they run, `DataFolder.running()`
finds them by the folder.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.local.addresses import ALL_SERVERS
from infra.local.data_folder import is_alive
from infra.local.errors import GuardEnded, LocalServersError
from infra.local.servers import LocalServers

PARENT_EVERY_SECONDS: Final = 0.2


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Leadflow's servers, without Docker.")
    parser.add_argument("--data", type=Path, required=True, help="folder for the servers' data")
    parser.add_argument("--only", nargs="+", choices=sorted(ALL_SERVERS), default=sorted(ALL_SERVERS), metavar="NAME")
    parser.add_argument("--cache", type=Path, default=None, help="folder for fetched files, shared between projects")
    parser.add_argument("--keep-up", action="store_true", help="start a server again that ends by itself")
    parser.add_argument("--parent-pid", type=int, default=None, help="end when that process has ended")
    return parser.parse_args()


def _report(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _say(message: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def _parent_ends(pid: int) -> None:
    is_our_parent = os.getppid() == pid
    # No event tells of another process's end on every system: hence the asking.
    while os.getppid() == pid if is_our_parent else is_alive(pid):  # noqa: ASYNC110
        await asyncio.sleep(PARENT_EVERY_SECONDS)


async def _run(options: argparse.Namespace) -> int:
    servers = LocalServers(options.data, options.only, report=_report, cache_dir=options.cache)
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    ends: set[asyncio.Task[Any]] = {asyncio.create_task(asked_to_end.wait())}
    if options.parent_pid is not None:
        ends.add(asyncio.create_task(_parent_ends(options.parent_pid)))
    start = asyncio.create_task(servers.start())
    try:
        await asyncio.wait({start, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.wait({start})
            return 0
        _say({"addresses": start.result().model_dump()})
        watch = asyncio.create_task(servers.keep_up() if options.keep_up else servers.watch())
        await asyncio.wait({watch, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if not watch.done():
            watch.cancel()
            return 0
        _say({"ended": watch.result()})
        _report(f"{watch.result()} ended by itself; see {options.data / 'logs'}.")
    except GuardEnded as error:
        _report(str(error))
    except LocalServersError as error:
        _say({"error": str(error)})
        _report(str(error))
        return 1
    finally:
        await servers.stop()
    return 2


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(_options())))
