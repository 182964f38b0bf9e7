"""The processes, in the test's own loop: what each does until SIGTERM, and what ends it otherwise."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from aiokafka.errors import KafkaError

from infra.documents import store as documents
from infra.kafka.ports import LogUnavailable
from infra.settings import Settings
from infra.wiring import gateway, host, processes
from infra.wiring.host import UnknownName
from infra.wiring.work import ReadModelPeople, worker
from schemas.events import MessageRecorded
from tests.needing import needs
from tests.system import TEAM, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def until_sigterm(process: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run a process's main; SIGTERM at the end, after which it has to end by itself."""
    task = asyncio.create_task(process)
    loop = asyncio.get_running_loop()
    try:
        yield task
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(20):
            await task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signum)
        signal.signal(signal.SIGINT, signal.default_int_handler)


async def until(what: Callable[[], Awaitable[bool]], why: str) -> None:
    give_up = time.monotonic() + 40
    while not await what():
        assert time.monotonic() < give_up, why
        await asyncio.sleep(0.05)


def taken(settings: Settings, schema: str) -> Callable[[], Awaitable[bool]]:
    """Whether every partition of a consumer has been taken."""

    async def look() -> bool:
        connection = await asyncpg.connect(settings.postgres.url)
        try:
            return bool(await connection.fetchval(f"select count(*) = 6 from {schema}.watermarks where epoch > 0"))
        finally:
            await connection.close()

    return look


def with_metrics(settings: Settings) -> tuple[Settings, str]:
    port = free_port()
    telemetry = settings.telemetry.model_copy(update={"metrics_port": port})
    return settings.model_copy(update={"telemetry": telemetry}), f"http://127.0.0.1:{port}/metrics"


@needs("scoring", "routing")
async def test_consume_hosts_what_it_is_told_to_and_shows_where_it_stands(topics: Settings) -> None:
    own, metrics = with_metrics(topics)
    async with until_sigterm(processes.consume(own, ["scoring"])), httpx2.AsyncClient() as client:
        await until(taken(own, "scoring"), "scoring has its partitions")

        async def shown() -> bool:
            text = (await client.get(metrics)).text
            return 'leadflow_partition_owned{consumer="scoring",partition="5"} 1.0' in text

        await until(shown, "the metrics say so")
    connection = await asyncpg.connect(own.postgres.url)
    assert await connection.fetchval("select count(*) from routing.watermarks") == 0, "nobody asked for routing"
    await connection.close()


@needs("routing")
async def test_what_a_consumer_measures_itself_stands_among_the_metrics_of_its_process(topics: Settings) -> None:
    own, metrics = with_metrics(topics)
    connection = await asyncpg.connect(own.postgres.url)
    body = b'{"teams": {"sales": {"waiting": [{"lead": "1", "request_id": "r"}, {"lead": "2", "request_id": "s"}]}}}'
    await connection.execute("insert into routing_pools.states (key, partition, body) values ('pools', 0, $1)", body)
    async with until_sigterm(processes.consume(own, ["routing.pools"])), httpx2.AsyncClient() as client:

        async def shown() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return 'leadflow_routing_waiting{team="sales"} 2.0' in (await client.get(metrics)).text
            return False

        await until(shown, "the metrics say how many leads wait")
    await connection.execute("delete from routing_pools.states")
    await connection.close()


async def test_project_hosts_read_models(topics: Settings) -> None:
    async with until_sigterm(processes.project(topics, ["history"])):
        await until(taken(topics, "history"), "history has its partitions")


async def test_a_name_that_is_none_is_told_with_those_there_are(topics: Settings) -> None:
    with pytest.raises(UnknownName, match=r"there is no consumer named scorings, x; there are: .*identity"):
        async with until_sigterm(processes.consume(topics, ["scorings", "x"])) as task:
            await asyncio.wait([task])
    with pytest.raises(UnknownName, match=r"there is no projection named lists; there are: .*lead_list"):
        async with until_sigterm(processes.project(topics, ["lists"])) as task:
            await asyncio.wait([task])


async def test_work_puts_documents_into_the_log_and_stops_when_told(topics: Settings) -> None:
    connection = await asyncpg.connect(topics.postgres.url)
    async with host.base(topics, "test") as has:
        await documents.publish(has.pool, "team", "worked", TEAM, actor="test", partitions=6)
    async with until_sigterm(processes.work(topics)):

        async def sent() -> bool:
            return bool(await connection.fetchval("select pending = '{}' from documents.versions where name = 'worked'"))

        await until(sent, "every partition has it")
    await connection.close()


async def test_the_gateway_answers_when_it_is_ready_and_says_what_is_missing(topics: Settings) -> None:
    port = free_port()
    at = topics.gateway.model_copy(update={"port": port, "public_url": f"http://127.0.0.1:{port}"})
    own = topics.model_copy(update={"gateway": at})
    async with until_sigterm(gateway.serve(own)), httpx2.AsyncClient(base_url=at.public_url, timeout=10) as client:

        async def ready() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return (await client.get("/readyz")).status_code == 200
            return False

        await until(ready, "it is ready")
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/v1/leads")).status_code == 401


async def test_a_port_that_is_taken_is_told_with_the_variable_to_set(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        own = settings.model_copy(update={"gateway": settings.gateway.model_copy(update={"port": port})})
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is in use; .*LEADFLOW_GATEWAY__PORT"):
            async with until_sigterm(gateway.serve(own)) as task:
                await asyncio.wait([task])


async def test_the_gateway_is_not_ready_without_topics_and_says_which_command_makes_them(settings: Settings) -> None:
    port = free_port()
    at = settings.gateway.model_copy(update={"port": port})
    kafka = settings.kafka.model_copy(update={"prefix": f"{settings.kafka.prefix}none."})
    own = settings.model_copy(update={"gateway": at, "kafka": kafka})
    async with until_sigterm(gateway.serve(own)), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:

        async def answers() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return (await client.get("/healthz")).status_code == 200
            return False

        await until(answers, "it answers")
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "run `leadflow topics apply`" in answer.text


async def test_contacts_are_found_in_the_read_model_and_in_published_documents(topics: Settings) -> None:
    async with running(topics) as system:
        lead = await system.lead_of(await system.submit("ada@contacts.example", phone="+3225551234"))
        await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
        people = ReadModelPeople(system.has)
        found = await people.lead(lead)
        assert found is not None
        assert (found.email, found.name, found.phone, found.company) == (
            "ada@contacts.example",
            "Ada Lovelace",
            "+3225551234",
            "Analytical Engines",
        )
        assert await people.lead("nobody") is None
        assert await people.owner("ann") is None
        for email in ("ann@old.example", "ann@new.example"):
            body = {"name": "Ann", "email": email}
            await documents.publish(system.has.pool, "person", "ann", body, actor="test", partitions=6)
        owner = await people.owner("ann")
        assert owner is not None
        assert (owner.email, owner.name) == ("ann@new.example", "Ann")
        assert await gateway._owner_of(system.has)("nobody") == (False, None)
        owned, _ = await gateway._owner_of(system.has)(lead)
        assert owned


@needs("communication")
async def test_what_was_sent_comes_back_as_a_fact_of_the_lead(topics: Settings) -> None:
    stop = asyncio.Event()
    async with running(topics, team=False) as system:
        lead = await system.lead_of(await system.submit("written.to@contacts.example"))
        await system.until_value(True, "select exists(select 1 from effects.effects where lead = $1)", lead)
        working = asyncio.create_task((await worker(system.has)).run(stop))
        fact = "select convert_from(value, 'UTF8') from history.records where lead = $1 and event_type = 'message.recorded.v1'"
        await system.until_value(True, f"select exists({fact})", lead)
        stop.set()
        async with asyncio.timeout(10):
            await working
        recorded = MessageRecorded.model_validate_json(await system.has.pool.fetchval(fact, lead))
        planned = "select payload ->> 'message_id' from effects.effects where lead = $1"
        assert recorded.outcome == "sent"
        assert recorded.message_id in {row[0] for row in await system.has.pool.fetch(planned, lead)}, "the lead's or the owner's"


def failing(*errors: Exception) -> tuple[Any, list[int]]:
    """A process that ends with each of these in turn, and then well; and how often it was begun."""
    begun: list[int] = []

    async def main(_settings: Settings) -> None:
        begun.append(1)
        if len(begun) <= len(errors):
            raise errors[len(begun) - 1]

    return main, begun


async def _own(main: Any) -> None:
    """In a context of its own, as a process has."""
    await asyncio.create_task(processes._run(Settings(), main))


async def test_a_process_begins_again_while_a_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PAUSE_SECONDS_MIN", 0.01)
    main, begun = failing(ConnectionRefusedError(), LogUnavailable("away"), ExceptionGroup("both", [OSError(), KafkaError()]))
    await _own(main)
    assert len(begun) == 4


@pytest.mark.parametrize("error", [ValueError("a bug"), host.PortTaken("taken"), ExceptionGroup("both", [OSError(), KeyError()])])
async def test_what_is_our_own_fault_ends_it_at_once(error: Exception) -> None:
    main, begun = failing(error)
    with pytest.raises(type(error)):
        await _own(main)
    assert len(begun) == 1


async def test_its_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PAUSE_SECONDS_MIN", 0.01)
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.05)
    main, begun = failing(*[OSError("away")] * 100)
    with pytest.raises(OSError, match="away"):
        await _own(main)
    assert 2 < len(begun) < 20


async def test_it_stops_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PAUSE_SECONDS_MIN", 30.0)
    main, begun = failing(OSError())
    task = asyncio.create_task(processes._run(Settings(), main))
    await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(2):
        await task
    assert len(begun) == 1


async def test_a_signal_while_it_begins_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PAUSE_SECONDS_MIN", 30.0)

    async def main(_settings: Settings) -> None:
        host.stop_event()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)
        raise ConnectionRefusedError

    async with asyncio.timeout(2):
        await _own(main)
