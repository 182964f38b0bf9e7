"""From webhook to visible row, the whole system running: gateway, all consumers, all read models.

Capacity: a burst posted over HTTP as fast as it is taken, divided by the time until every consumer and read model is done with it.
Latency: submissions of new people at half of that rate and at a steady 200 a second, open loop, each begun when everything is quiet:
also what PostgreSQL (vacuum, checkpoints) and OpenSearch (merges) still do about the burst by themselves.
A row counts as visible when lead_list, after its commit, has told so on Redis' live channel; the time runs from when the request was
due, on one machine's clock.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from benchmarks import traffic
from benchmarks.chain import WARM_UP_FIRST, settled, until
from benchmarks.deployment import Deployment, publish_team
from benchmarks.forms import webhook
from benchmarks.intake import listening, load, our_requests
from benchmarks.processes import running
from benchmarks.results import Result, Results, Wrong
from schemas.events import LeadCaptured, LeadScored

STAGE = "whole system: webhook -> visible row"
WARM_UP = 200
STEADY_RATE = 200.0
SETTLE_SECONDS_MAX = 60.0
REST_SECONDS = 75.0
"""PostgreSQL looks once a minute for what is to be vacuumed, and a burst leaves a lot."""


@dataclass
class Seen:
    """When each lead was first told of, with its capture and with its score."""

    captured: dict[str, float] = field(default_factory=dict)
    scored: dict[str, float] = field(default_factory=dict)


async def run(made: Deployment, results: Results, burst: int, seconds: float) -> None:
    """Capacity, then latency at half of it, and at a fixed rate."""
    await publish_team(made)
    commands = (("infra.cli", "gateway"), ("infra.cli", "consume"), ("infra.cli", "project"))
    port = made.settings.gateway.port
    with running(made.settings, made.logs / "system.log", *commands) as processes:
        await listening(port, processes)
        warm = traffic.submissions(WARM_UP, repeats=0, first=WARM_UP_FIRST)
        await load(made.logs, port, await our_requests(made, webhook(warm)), "--rate", "50")
        goal = traffic.expected(made.has, warm)
        await until(made, processes, "lead_list.leads", goal)
        work = traffic.submissions(burst, repeats=0)
        cpu, started = processes.cpu_seconds(), time.monotonic()
        # A rate that nobody keeps up with: each is posted once, as soon as a connection is free.
        answer = await load(made.logs, port, await our_requests(made, webhook(work)), "--rate", "1000000")
        taken = time.monotonic() - started
        if answer["bad"]:
            raise Wrong(f"{answer['bad']} submissions were refused")
        goal = goal + traffic.expected(made.has, work)
        await until(made, processes, "lead_list.leads", goal)
        visible = time.monotonic() - started
        took, spent = await settled(made, processes) - started, processes.cpu_seconds() - cpu
        more = {"submissions": burst, "intake alone took s": taken, "visible and scored after s": visible}
        capacity = results.add(Result(STAGE, "ours, capacity", burst / took, "submissions/s", spent / burst * 1e6, more=more))
        for nth, rate in enumerate((capacity.value / 2, STEADY_RATE), 2):
            await settled(made, processes)
            await asyncio.sleep(REST_SECONDS)
            await _latency(made, results, rate, seconds, nth * WARM_UP_FIRST)


async def _latency(made: Deployment, results: Results, rate: float, seconds: float, first: int) -> None:
    work = traffic.submissions(max(50, int(rate * seconds)), repeats=0, first=first)
    posts = await our_requests(made, webhook(work))
    async with _listening(made) as seen:
        answer = await load(made.logs, made.settings.gateway.port, posts, "--rate", str(rate), "--bodies")
        if answer["bad"] or len(answer["bodies"]) != len(work):
            raise Wrong(f"{answer['good']} of {len(work)} submissions were taken")
        give_up = time.monotonic() + SETTLE_SECONDS_MAX
        while len(seen.scored) < len(work):
            if time.monotonic() > give_up:
                raise Wrong(f"{len(seen.scored)} of {len(work)} leads were told of")
            await asyncio.sleep(0.1)
    sent = {orjson.loads(body)["submission_id"]: at for at, body in answer["bodies"]}
    rows = await made.has.pool.fetch(
        "select submission_id, lead from identity.submissions where submission_id = any($1)", list(sent)
    )
    for what, times in (("visible", seen.captured), ("visible and scored", seen.scored)):
        waits = sorted(1000 * (times[row["lead"]] - sent[row["submission_id"]]) for row in rows)
        more = {"p50 ms": waits[len(waits) // 2], "max ms": waits[-1], "submissions": len(waits)}
        results.add(Result(STAGE, f"ours, p99 until {what} at {rate:.0f}/s", waits[int(len(waits) * 0.99)], "ms", more=more))


@asynccontextmanager
async def _listening(made: Deployment) -> AsyncIterator[Seen]:
    seen = Seen()
    channel = made.has.redis.pubsub()
    await channel.subscribe(f"{made.settings.redis.prefix}live")

    async def listen() -> None:
        async for message in channel.listen():
            now = time.time()
            if message["type"] != "message":
                continue
            told = orjson.loads(message["data"])
            if LeadCaptured.TYPE in told["types"]:
                seen.captured.setdefault(told["lead"], now)
            if LeadScored.TYPE in told["types"]:
                seen.scored.setdefault(told["lead"], now)

    task = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await channel.aclose()
