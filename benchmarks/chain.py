"""The chain: from submissions in the topic to visible, scored rows, in separate processes as in production.

Processes run and have handled a warm-up before the clock starts; it runs from the first record published until the list holds
exactly the leads and points that the rules give for these submissions.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from benchmarks import traffic
from benchmarks.deployment import Deployment, make_topics, publish_team
from benchmarks.peers import chain as peer
from benchmarks.peers.tables import SCHEMA, Base
from benchmarks.processes import Running, running
from benchmarks.results import Result, Results, Wrong
from infra.kafka.reading import reader
from infra.wiring import discovery
from schemas.topics import EVENTS, SUBMISSIONS

STAGE = "chain: submission -> visible, scored row"
WARM_UP = 200
WARM_UP_FIRST = 1_000_000
WAIT_SECONDS_MAX = 600.0
SAME_CONSUMERS = ("identity", "leads", "scoring")
SAME_VIEWS = ("history", "lead_list")


@dataclass(frozen=True)
class Sizes:
    """How many submissions each gets."""

    ours: int
    peer: int
    peer_safe: int


async def run(made: Deployment, results: Results, sizes: Sizes) -> None:
    """Peers first, so that ours comes to the fuller tables and topics."""
    default = await _peer(made, results, "FastStream + SQLAlchemy", "ACK_FIRST", ("deciders", "views"), sizes.peer)
    safe = await _peer(made, results, "FastStream + SQLAlchemy, safe ack", "ACK", ("deciders", "views"), sizes.peer_safe)
    single = await _peer(made, results, "FastStream + SQLAlchemy, one handler, no events", "ACK_FIRST", ("all",), sizes.peer)
    same = await _ours(made, results, "ours, same work", sizes.ours, 0, SAME_CONSUMERS, SAME_VIEWS)
    results.compare(same, default)
    same.more["x safe ack"] = same.value / safe.value
    same.more["x one handler"] = same.value / single.value


async def everything(made: Deployment, results: Results, sizes: Sizes) -> Result:
    """All consumers and read models: routing, mails asked of the gate, and the search index too. Leaves its records behind."""
    await publish_team(made)
    return await _ours(made, results, "ours, everything", sizes.ours, 2 * WARM_UP_FIRST, (), ())


async def _ours(
    made: Deployment, results: Results, who: str, count: int, first: int, consumers: Sequence[str], views: Sequence[str]
) -> Result:
    has = made.has
    before = traffic.Expected(*await _seen(made, "lead_list.leads"))
    warm, work = traffic.submissions(WARM_UP, first=WARM_UP_FIRST + first), traffic.submissions(count, first=first)
    records = await traffic.our_records(has, work)
    goal = traffic.expected(has, work)
    commands = (("infra.cli", "consume", *consumers), ("infra.cli", "project", *views))
    with running(made.settings, made.logs / f"ours{first}.log", *commands) as processes:
        await traffic.publish(has.producer, "leads.submissions", await traffic.our_records(has, warm))
        warmed = before + traffic.expected(has, warm)
        await until(made, processes, "lead_list.leads", warmed)
        result = await _measured(
            made, results, who, processes, "leads.submissions", records, "lead_list.leads", warmed, goal, count
        )
        await settled(made, processes, consumers, views)
        return result


async def _peer(made: Deployment, results: Results, who: str, policy: str, roles: Sequence[str], count: int) -> Result:
    has, settings = made.has, made.settings
    await _make_tables(made)
    # A prefix of their own for every run: topics and groups start empty.
    kafka = settings.kafka.model_copy(update={"prefix": f"{settings.kafka.prefix}{policy.lower()}.{len(roles)}."})
    settings = settings.model_copy(update={"kafka": kafka})
    await make_topics(settings, peer.SUBMISSIONS, peer.CAPTURED, peer.SCORED)
    topic = kafka.prefix.removeprefix(has.settings.kafka.prefix) + peer.SUBMISSIONS
    warm, work = traffic.submissions(20, first=WARM_UP_FIRST), traffic.submissions(count)
    commands = [("benchmarks.peers.chain", role, policy) for role in roles]
    table = f"{SCHEMA}.lead_list"
    with running(settings, made.logs / "peer.log", *commands) as processes:
        await traffic.publish(has.producer, topic, traffic.peer_records(has, warm, kafka.partitions))
        warmed = traffic.expected(has, warm)
        await until(made, processes, table, warmed)
        records = traffic.peer_records(has, work, kafka.partitions)
        goal = traffic.expected(has, work)
        return await _measured(made, results, who, processes, topic, records, table, warmed, goal, count)


async def _measured(
    made: Deployment,
    results: Results,
    who: str,
    processes: Running,
    topic: str,
    records: dict[int, list[traffic.Outgoing]],
    table: str,
    before: traffic.Expected,
    goal: traffic.Expected,
    count: int,
) -> Result:
    cpu, started = processes.cpu_seconds(), time.monotonic()
    await traffic.publish(made.has.producer, topic, records)
    await until(made, processes, table, before + goal)
    seconds, spent = time.monotonic() - started, processes.cpu_seconds() - cpu
    return results.add(Result(STAGE, who, count / seconds, "submissions/s", spent / count * 1e6, more={"submissions": count}))


async def until(made: Deployment, processes: Running, table: str, goal: traffic.Expected) -> None:
    """Wait until `table` holds exactly these. Raises Wrong if it doesn't come to that."""
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while (seen := traffic.Expected(*await _seen(made, table))) != goal:
        processes.check()
        if time.monotonic() > give_up:
            raise Wrong(f"{table} has {seen}, not {goal}, after {WAIT_SECONDS_MAX:.0f} s")
        await asyncio.sleep(0.03)


async def settled(made: Deployment, processes: Running, consumers: Sequence[str] = (), views: Sequence[str] = ()) -> float:
    """Wait until all have come to the end of their topics: mails are recorded and owners assigned after the score is seen.

    Returns when that was first seen (time.monotonic).
    """
    give_up, quiet, since = time.monotonic() + WAIT_SECONDS_MAX, 0, 0.0
    while quiet < 3:
        await asyncio.sleep(0.3)
        processes.check()
        asked = time.monotonic()
        quiet = quiet + 1 if await _at_the_end(made, consumers, views) else 0
        since = asked if quiet == 1 else since
        if time.monotonic() > give_up:
            raise Wrong(f"not everything is done after {WAIT_SECONDS_MAX:.0f} s")
    return since


async def _at_the_end(made: Deployment, consumers: Sequence[str], views: Sequence[str]) -> bool:
    reads = {fold.name: fold.reads for fold in discovery.folds()} | dict.fromkeys(discovery.step_makers(), SUBMISSIONS)
    wanted = {name: topic for name, topic in reads.items() if not consumers or name in consumers}
    wanted |= {name: EVENTS for name in discovery.projection_makers() if not views or name in views}
    ends: dict[str, int] = {}
    for topic in {topic.name: topic for topic in wanted.values()}.values():
        async with reader(made.settings.kafka, topic) as log:
            ends[topic.name] = sum((await log.ends()).values())
    for name, topic in wanted.items():
        schema = name.replace(".", "_")
        position, waiting = await made.has.pool.fetchrow(
            f"select (select coalesce(sum(position), 0)::bigint from {schema}.watermarks), exists(select 1 from {schema}.outbox)"
        )
        if position < ends[topic.name] or waiting:
            return False
    return True


async def _seen(made: Deployment, table: str) -> tuple[int, int]:
    row = await made.has.pool.fetchrow(f"select count(score) as leads, coalesce(sum(score), 0) as points from {table}")
    return int(row["leads"]), int(row["points"])


async def _make_tables(made: Deployment) -> None:
    dialect = postgresql.dialect()
    async with made.has.pool.acquire() as connection:
        await connection.execute(f"drop schema if exists {SCHEMA} cascade")
        await connection.execute(str(CreateSchema(SCHEMA).compile(dialect=dialect)))
        for table in Base.metadata.sorted_tables:
            await connection.execute(str(CreateTable(table).compile(dialect=dialect)))
            for index in table.indexes:
                await connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
