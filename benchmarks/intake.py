"""Intake over HTTP: our gateway (signature, translation, encryption, acks=all) beside FastAPI + aiokafka and Camel, same load generator."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import traffic
from benchmarks.deployment import Deployment, far_limits, free_port, make_topics
from benchmarks.load import request, write_requests
from benchmarks.peers import camel
from benchmarks.peers import intake as peer
from benchmarks.processes import ROOT, Running, running
from benchmarks.results import Result, Results, Wrong
from infra.crypto.seal import Key
from infra.demo.forms import OPEN_ANSWERS
from infra.kafka.reading import reader
from producers.forms.sources import NewSource, Sources
from schemas.topics import SUBMISSIONS, Topic

STAGE = "intake: HTTP -> acknowledged by Kafka"
CONNECTIONS = 64
WARM_UP_SECONDS = 3.0
JAVA_WARM_UP_SECONDS = 15.0
BODIES = 2_000
START_SECONDS_MAX = 60.0


async def run(made: Deployment, results: Results, seconds: float, rounds: int) -> None:
    """Peers and ours by turns."""
    found = traffic.submissions(BODIES)
    with_camel = camel.jars() is not None
    if not with_camel:
        results.console.print("  Camel is left out: it needs `java` and `mvn`, and its jars")
    await make_topics(made.settings, peer.TOPIC, camel.TOPIC)
    port, camel_port = free_port(), free_port()
    peer_command = ["uvicorn", "benchmarks.peers.intake:app", "--factory", "--port", str(port), "--log-level", "warning"]
    peer_command += ["--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    commands = [
        peer_command,
        ["infra.cli", "gateway"],
        *([["benchmarks.peers.camel", str(camel_port), str(made.logs)]] if with_camel else ()),
    ]
    posts = [request("/intake", one.body, {}) for one in found]
    ours_posts = await our_requests(made, found)
    with running(far_limits(made.settings), made.logs / "intake.log", *commands) as processes:
        each = [Running([child], processes.log) for child in processes.children]
        for at in (port, made.settings.gateway.port, *([camel_port] if with_camel else ())):
            await listening(at, processes)
        if with_camel:
            await load(made.logs, camel_port, posts, "--seconds", str(JAVA_WARM_UP_SECONDS))
        for _ in range(rounds):
            topic = Topic(peer.TOPIC, "", "", None)
            other = await _measured(made, results, "FastAPI + aiokafka (uvicorn)", each[0], port, posts, topic, seconds)
            own = await _measured(made, results, "ours", each[1], made.settings.gateway.port, ours_posts, SUBMISSIONS, seconds)
            results.compare(own, other)
            if with_camel:
                topic = Topic(camel.TOPIC, "", "", None)
                java = await _measured(made, results, "Camel (netty-http, kafka)", each[2], camel_port, posts, topic, seconds)
                results.compare(java, own)


async def our_requests(made: Deployment, found: Sequence[traffic.Submitted]) -> list[bytes]:
    """Signed for a source that is made here."""
    secret = secrets.token_urlsafe(32)
    sources = Sources(made.has.pool, Key("source", made.has.keyring.secret("source secrets")))
    row, _ = await sources.create(
        NewSource("bench", traffic.VENDOR, secret=secret, open_answers=list(OPEN_ANSWERS)), created_by="bench"
    )
    return [
        request(f"/v1/intake/{row.id}", one.body, {"Typeform-Signature": traffic.signed(one.body, secret.encode())})
        for one in found
    ]


async def listening(port: int, processes: Running) -> None:
    """Wait until somebody answers at `port`."""
    give_up = time.monotonic() + START_SECONDS_MAX
    while True:
        processes.check()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return


async def load(folder: Path, port: int, posts: Sequence[bytes], *options: str) -> dict[str, Any]:
    """Run the load generator."""
    path = folder / "requests"
    write_requests(path, posts)
    argv = [sys.executable, "-m", "benchmarks.load", str(path), str(port), "--connections", str(CONNECTIONS), *options]
    process = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE, cwd=ROOT)
    out, _ = await process.communicate()
    answer: dict[str, Any] = json.loads(out)
    return answer


async def _measured(
    made: Deployment, results: Results, who: str, server: Running, port: int, posts: Sequence[bytes], topic: Topic, seconds: float
) -> Result:
    await load(made.logs, port, posts, "--seconds", str(WARM_UP_SECONDS))
    before, cpu = await stored_records(made, topic), server.cpu_seconds()
    answer = await load(made.logs, port, posts, "--seconds", str(seconds))
    spent = server.cpu_seconds() - cpu
    stored = await stored_records(made, topic) - before
    if answer["bad"] or not 0 <= stored - answer["good"] <= CONNECTIONS:
        raise Wrong(f"{who}: {answer['good']} good and {answer['bad']} bad answers, {stored} records")
    rate, bytes_ = answer["good"] / answer["seconds"], sum(map(len, posts)) // len(posts)
    more = {"p99 ms": answer["p99_ms"], "bytes": bytes_}
    return results.add(Result(STAGE, who, rate, "requests/s", spent / answer["good"] * 1e6, more=more))


async def stored_records(made: Deployment, topic: Topic) -> int:
    """Records of a topic, once requests that were cut off have stopped adding to it."""
    async with reader(made.settings.kafka, topic) as log:
        before, now = -1, sum((await log.ends()).values())
        while now != before:
            await asyncio.sleep(0.5)
            before, now = now, sum((await log.ends()).values())
        return now
