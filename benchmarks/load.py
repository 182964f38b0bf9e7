"""The load generator, a process of its own and the same for every HTTP peer.

    python -m benchmarks.load REQUESTS_FILE PORT --connections 64 --seconds 15      as fast as answers come (closed loop)
    python -m benchmarks.load REQUESTS_FILE PORT --connections 64 --rate 100        at a constant rate (open loop), each once

Keep-alive HTTP/1.1 over raw sockets, requests built beforehand. In the open loop a request's time starts when it is due, whether
or not a connection is free, so that a server that stalls is not spared. Prints one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import struct
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

_LENGTH = struct.Struct("<I")
OPEN_SECONDS_MAX = 60.0


def write_requests(path: Path, requests: Sequence[bytes]) -> None:
    """For the generator to read."""
    path.write_bytes(b"".join(_LENGTH.pack(len(request)) + request for request in requests))


def read_requests(path: Path) -> list[bytes]:
    """What write_requests wrote."""
    data, found, place = path.read_bytes(), [], 0
    while place < len(data):
        (length,) = _LENGTH.unpack_from(data, place)
        found.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    return found


def request(path: str, body: bytes, headers: dict[str, str], kind: str = "application/json") -> bytes:
    """One POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Run:
    """What was sent and what came back. `bodies` only where asked for."""

    requests: list[bytes]
    keep_bodies: bool = False
    sent: int = 0
    good: int = 0
    bad: int = 0
    seconds: list[float] = field(default_factory=list)
    bodies: list[tuple[float, str]] = field(default_factory=list)
    idle: "deque[Connection]" = field(default_factory=deque)
    due: deque[tuple[int, float]] = field(default_factory=deque)
    stopping: bool = False
    again: bool = False
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, connection: "Connection") -> None:
        """Give a free connection its next request."""
        if self.again:
            if not self.stopping:
                connection.post(self.requests[self.sent % len(self.requests)], time.time())
                self.sent += 1
        elif self.due:
            number, at = self.due.popleft()
            connection.post(self.requests[number], at)
            self.sent += 1
        else:
            self.idle.append(connection)

    def answered(self, connection: "Connection", status: int, body: bytes) -> None:
        """Count it, and go on."""
        if 200 <= status < 300:
            self.good += 1
        else:
            self.bad += 1
        self.seconds.append(time.time() - connection.at)
        if self.keep_bodies:
            self.bodies.append((connection.at, body.decode()))
        if not self.again and len(self.seconds) == len(self.requests):
            self.finished.set()
        self.next(connection)


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, run: Run) -> None:
        self.run, self.at, self.received, self.waiting = run, 0.0, b"", False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def post(self, data: bytes, at: float) -> None:
        self.at, self.received, self.waiting = at, b"", True
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.received[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r", 1)[0]) if place >= 0 else 0
        if len(self.received) < end + 4 + length:
            return
        self.waiting = False
        self.run.answered(self, int(head[9:12]), self.received[end + 4 :])

    def connection_lost(self, _why: Exception | None) -> None:
        if self.waiting and not self.run.stopping:
            self.run.bad += 1


async def generate(run: Run, port: int, connections: int, seconds: float, rate: float) -> dict[str, Any]:
    """Raises OSError if nobody listens."""
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(run), "127.0.0.1", port)
        made.append(connection)
    started = time.time()
    if rate:
        run.idle.extend(made)
        await _at_rate(run, started, rate)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS_MAX):
                await run.finished.wait()
        took = time.time() - started
    else:
        run.again = True
        for connection in made:
            run.next(connection)
        await asyncio.sleep(seconds)
        run.stopping, took = True, time.time() - started
        good = run.good
        await asyncio.sleep(0.5)
        run.good = good
    for connection in made:
        connection.transport.close()
    times = sorted(run.seconds)
    return {
        "seconds": took,
        "sent": run.sent,
        "good": run.good,
        "bad": run.bad,
        "p50_ms": 1000 * times[len(times) // 2] if times else None,
        "p99_ms": 1000 * times[int(len(times) * 0.99)] if times else None,
        "bodies": run.bodies,
    }


async def _at_rate(run: Run, started: float, rate: float) -> None:
    for number in range(len(run.requests)):
        at = started + number / rate
        pause = at - time.time()
        if pause > 0:
            await asyncio.sleep(pause)
        if run.idle:
            run.idle.popleft().post(run.requests[number], at)
            run.sent += 1
        else:
            run.due.append((number, at))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--bodies", action="store_true")
    given = parser.parse_args()
    run = Run(read_requests(given.file), given.bodies)
    json.dump(uvloop.run(generate(run, given.port, given.connections, given.seconds, given.rate)), sys.stdout)


if __name__ == "__main__":
    main()
