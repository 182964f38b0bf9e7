"""Intake over HTTP: our gateway (signature, translation, encryption, acks=all) beside FastAPI + aiokafka and Camel, same load generator."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.deployment import Deployment, far_limits, free_port, make_topics
from benchmarks.forms import Form, forms
from benchmarks.load import request, write_requests
from benchmarks.peers import camel
from benchmarks.peers import intake as peer
from benchmarks.processes import ROOT, Running, running
from benchmarks.results import Result, Results, Wrong
from infra.kafka.reading import reader
from schemas.topics import SUBMISSIONS, Topic

STAGE = "intake of {}: HTTP -> acknowledged by Kafka"
CONNECTIONS = 64
WARM_UP_SECONDS = 3.0
JAVA_WARM_UP_SECONDS = 15.0
BODIES = 2_000
START_SECONDS_MAX = 60.0


async def run(made: Deployment, results: Results, seconds: float, rounds: int) -> None:
    """Peers and ours by turns."""
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
    with running(far_limits(made.settings), made.logs / "intake.log", *commands) as processes:
        each = [Running([child], processes.log) for child in processes.children]
        for at in (port, made.settings.gateway.port, *([camel_port] if with_camel else ())):
            await listening(at, processes)
        for form in forms(BODIES):
            stage, theirs = STAGE.format(form.name), [request(form.path, body, {}) for body in form.bodies]
            ours = await our_requests(made, form)
            to_camel = [request(camel.PATH, body, {}) for body in form.bodies]
            if with_camel:
                await load(made.logs, camel_port, to_camel, "--seconds", str(JAVA_WARM_UP_SECONDS))
            for _ in range(rounds):
                topic = Topic(peer.TOPIC, "", "", None)
                other = await _measured(
                    made, results, (stage, "FastAPI + aiokafka (uvicorn)"), each[0], port, theirs, topic, seconds
                )
                own_port = made.settings.gateway.port
                own = await _measured(made, results, (stage, "ours"), each[1], own_port, ours, SUBMISSIONS, seconds)
                results.compare(own, other)
                if with_camel:
                    topic = Topic(camel.TOPIC, "", "", None)
                    who = (stage, "Camel (netty-http, kafka)")
                    java = await _measured(made, results, who, each[2], camel_port, to_camel, topic, seconds)
                    results.compare(java, own)


async def our_requests(made: Deployment, form: Form) -> list[bytes]:
    """Signed for a source that is made here."""
    path = f"/v1/intake/{await form.source(made)}"
    return [request(path, body, form.signed(body)) for body in form.bodies]


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
    made: Deployment,
    results: Results,
    who: tuple[str, str],
    server: Running,
    port: int,
    posts: Sequence[bytes],
    topic: Topic,
    seconds: float,
) -> Result:
    await load(made.logs, port, posts, "--seconds", str(WARM_UP_SECONDS))
    before, cpu = await stored_records(made, topic), server.cpu_seconds()
    answer = await load(made.logs, port, posts, "--seconds", str(seconds))
    spent = server.cpu_seconds() - cpu
    stored = await stored_records(made, topic) - before
    if answer["bad"] or not 0 <= stored - answer["good"] <= CONNECTIONS:
        raise Wrong(f"{who[1]}: {answer['good']} good and {answer['bad']} bad answers, {stored} records")
    rate, bytes_ = answer["good"] / answer["seconds"], sum(map(len, posts)) // len(posts)
    more = {"p99 ms": answer["p99_ms"], "bytes": bytes_}
    return results.add(Result(*who, rate, "requests/s", spent / answer["good"] * 1e6, more=more))


async def stored_records(made: Deployment, topic: Topic) -> int:
    """Records of a topic, once requests that were cut off have stopped adding to it."""
    async with reader(made.settings.kafka, topic) as log:
        before, now = -1, sum((await log.ends()).values())
        while now != before:
            await asyncio.sleep(0.5)
            before, now = now, sum((await log.ends()).values())
        return now
