"""What is only named is fetched, over a real PostgreSQL and a local server that stands for the vendor's API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from infra.crypto.codec import open_person
from infra.gateway.outgoing import Outgoing
from infra.kafka.ports import LogUnavailable
from infra.settings import Outgoing as Asking
from infra.settings import Settings
from infra.wiring import discovery
from producers.forms import jobs
from producers.forms.fetches import ATTEMPTS_MAX, Fetches
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.running import Running, read, running
from tests.producers.forms.given import read as captured
from tests.producers.forms.intaking import given

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
META = given("meta_lead_ads")
LEAD = META["follow_up"]["response"]
CONTACT = {"id": "1246965", "properties": {"email": "zoe@example.com", "firstname": "Zoë", "lifecyclestage": "lead"}}


class Api:
    """Answers `told` to whoever asks with the right token, and remembers the heads of the requests."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = LEAD
        self.status = "200 OK"
        self.headers: list[str] = []
        self.asked: list[str] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        body = json.dumps(self.told).encode()
        status = self.status if "authorization: bearer page-token\r\n" in head.lower() else "401 Unauthorized"
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *self.headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def serving() -> AsyncIterator[Api]:
    api = Api()
    listening = await asyncio.start_server(api.handle, "127.0.0.1", 0)
    api.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield api


class World:
    """A gateway, the vendor's API, and the job between them."""

    def __init__(self, here: Running, api: Api, outgoing: Outgoing) -> None:
        self.here, self.api = here, api
        base = f"http://{api.place}/v22.0"
        settings = here.services.settings.model_copy(update={"outgoing": Asking(meta_url=base, hubspot_url=base)})
        self.host = Host(here, settings)
        self.fetcher = jobs.fetcher(self.host, outgoing)

    async def named(self, vendor: str = "meta_lead_ads", body: bytes | None = None, **source: Any) -> dict[str, Any]:
        """A source of the vendor that has got a reference."""
        asked = {"name": "x", "vendor": vendor, "access_token": "page-token", **source}
        answer = await self.here.client.post("/v1/sources", json=asked, headers=self.here.token("manager"))
        made: dict[str, Any] = answer.json()
        headers = {"Content-Type": "application/json"}
        sent = body if body is not None else captured("meta_lead_ads").body
        assert (await self.here.client.post(made["url"], content=sent, headers=headers)).status_code < 300
        return made

    async def fetches(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.here.client.get(f"/v1/sources/{made['id']}/fetches", headers=self.here.token("manager"))
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def due(self) -> None:
        await self.here.services.pool.execute("update forms.fetches set due_at = now(), leased_until = null")

    def messages(self) -> list[SubmissionReceived]:
        found = [read(one.record) for one in self.here.publisher.records]
        return [message for message in found if isinstance(message, SubmissionReceived)]


class Host:
    """A process, as the job sees it."""

    def __init__(self, here: Running, settings: Settings) -> None:
        self.settings, self.pool, self.keyring, self.producer = (
            settings,
            here.services.pool,
            here.services.keyring,
            here.publisher,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def world(here: Running) -> AsyncIterator[World]:
    here.publisher.records.clear()
    here.publisher.away = False
    await here.services.pool.execute("delete from forms.fetches")
    async with serving() as api, Outgoing(allowed=[api.place], seconds=2) as outgoing:
        yield World(here, api, outgoing)


async def test_a_lead_that_meta_only_named_arrives_with_its_fields(world: World) -> None:
    made = await world.named()
    assert await world.fetcher.once() == 1
    reference, lead = world.messages()
    assert (reference.kind, lead.kind, lead.quiet) == ("reference", "lead", False)
    assert world.api.asked[0].startswith("GET /v22.0/1123581321345589?fields=id,created_time,")
    assert "page-token" not in world.api.asked[0].partition("\r\n")[0]
    assert lead.personal is not None
    key = await world.here.services.keyring.intake_of(lead.personal)
    assert key is not None
    person = open_person(key, lead.personal, lead.submission_id, SubmittedPerson)
    expected = META["expect"]["after_fetch"]
    assert (person.email, person.name, person.answers) == (expected["email"], expected["name"], expected["answers"])
    assert (lead.campaign, lead.consent, lead.source.form_id) == (expected["campaign"], True, expected["form_id"])
    assert json.loads(person.raw) == LEAD
    assert lead.delivery != reference.delivery
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["fetched_as"], fetch["submission_id"]) == ("done", lead.submission_id, reference.submission_id)
    assert world.here.services.ids.read(lead.submission_id) is not None
    assert await world.fetcher.once() == 0


async def test_a_repeat_of_the_webhook_is_not_fetched_again(world: World) -> None:
    made = await world.named()
    await world.fetcher.once()
    body = captured("meta_lead_ads").body
    await world.here.client.post(made["url"], content=body, headers={"Content-Type": "application/json"})
    assert await world.fetcher.once() == 0
    assert len(world.api.asked) == 1


async def test_a_worker_that_died_after_publishing_publishes_the_same_again(world: World) -> None:
    await world.named()
    await world.fetcher.once()
    await world.here.services.pool.execute("update forms.fetches set state = 'waiting'")
    await world.due()
    await world.fetcher.once()
    _, first, again = world.messages()
    assert (first.submission_id, first.delivery) == (again.submission_id, again.delivery)


async def test_a_contact_that_is_new_and_changed_at_once_is_asked_for_once_and_a_lead(world: World) -> None:
    world.api.told = CONTACT
    body = captured("hubspot").body
    made = await world.named("hubspot", body)
    assert {one["state"] for one in await world.fetches(made)} == {"waiting", "merged"}
    assert await world.fetcher.once() == 1
    assert world.api.asked[0].startswith("GET /v22.0/crm/v3/objects/contacts/1246965?properties=email,")
    [fetched] = [message for message in world.messages() if message.kind == "lead"]
    assert not fetched.quiet
    assert {one["state"] for one in await world.fetches(made)} == {"done", "merged"}
    await world.here.client.post(made["url"], content=body, headers={"Content-Type": "application/json"})
    assert await world.fetcher.once() == 0


async def test_a_contact_that_only_changed_is_news_of_somebody_known(world: World) -> None:
    world.api.told = CONTACT
    event = given("hubspot")["body"][1]
    await world.named("hubspot", json.dumps([event]).encode())
    await world.fetcher.once()
    fetched = world.messages()[-1]
    assert (fetched.kind, fetched.quiet) == ("lead", True)


async def test_a_failure_is_tried_again_later_and_later_and_not_for_ever(world: World) -> None:
    made = await world.named()
    world.api.status = "500 Oops"
    pauses = []
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert await world.fetcher.once() == 1
        [fetch] = await world.fetches(made)
        assert (fetch["attempts"], fetch["error"]) == (attempt, "it answered 500")
        assert fetch["state"] == ("waiting" if attempt < ATTEMPTS_MAX else "failed")
        pauses.append(
            await world.here.services.pool.fetchval("select extract(epoch from due_at - now())::float8 from forms.fetches")
        )
        assert await world.fetcher.once() == 0
        await world.due()
    assert pauses[:3] == pytest.approx([30, 60, 120], abs=5)
    assert max(pauses) == pytest.approx(6 * 3600, abs=5)
    assert len(world.messages()) == 1


async def test_a_vendor_that_asks_for_patience_gets_it(world: World) -> None:
    await world.named()
    world.api.status, world.api.headers = "429 Too Many Requests", ["Retry-After: 900"]
    await world.fetcher.once()
    pause = await world.here.services.pool.fetchval("select extract(epoch from due_at - now())::float8 from forms.fetches")
    assert pause == pytest.approx(900, abs=5)


async def test_without_a_token_it_waits_and_a_new_one_makes_it_due(world: World) -> None:
    made = await world.named(access_token=None)
    await world.fetcher.once()
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["error"]) == ("waiting", "the source has no access token: set one")
    assert world.api.asked == []
    headers = world.here.token("manager")
    await world.here.client.patch(f"/v1/sources/{made['id']}", json={"access_token": "page-token"}, headers=headers)
    await world.fetcher.once()
    assert [one["state"] for one in await world.fetches(made)] == ["done"]


@pytest.mark.parametrize("told", [{}, {"id": "1"}, [], {"object": "page", "entry": []}])
async def test_an_answer_that_tells_nobody_is_a_failure(world: World, told: Any) -> None:
    made = await world.named()
    world.api.told = told
    await world.fetcher.once()
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["error"]) == ("waiting", "the answer tells nobody")


async def test_a_source_that_was_taken_away_is_not_asked_for(world: World) -> None:
    made = await world.named()
    await world.here.client.delete(f"/v1/sources/{made['id']}", headers=world.here.token("manager"))
    await world.fetcher.once()
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["error"]) == ("failed", "the source was taken away")
    assert world.api.asked == []


async def test_an_address_that_is_not_public_is_not_asked(world: World) -> None:
    made = await world.named()
    async with Outgoing(seconds=2) as strict:
        await jobs.fetcher(world.host, strict).once()
    [fetch] = await world.fetches(made)
    assert fetch["error"] == "the address isn't https"
    assert world.api.asked == []


async def test_while_kafka_is_away_no_attempt_is_lost(world: World) -> None:
    made = await world.named()
    world.here.publisher.away = True
    with pytest.raises(LogUnavailable):
        await world.fetcher.once()
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["attempts"]) == ("waiting", 0)
    world.here.publisher.away = False
    assert await world.fetcher.once() == 1
    assert [one["state"] for one in await world.fetches(made)] == ["done"]


async def test_two_workers_share_the_work_and_a_dead_ones_lease_ends(world: World) -> None:
    await world.named()
    fetches = Fetches(world.here.services.pool)
    both = await asyncio.gather(fetches.take(), fetches.take())
    assert sorted(len(one) for one in both) == [0, 1]
    await world.here.services.pool.execute("update forms.fetches set leased_until = now() - interval '1 second'")
    assert len(await fetches.take()) == 1


async def test_what_ended_long_ago_is_forgotten(world: World) -> None:
    await world.named()
    fetches = Fetches(world.here.services.pool)
    await world.here.services.pool.execute("update forms.fetches set created_at = now() - interval '40 days'")
    assert await fetches.forget() == 0
    await world.here.services.pool.execute("update forms.fetches set state = 'failed'")
    assert await fetches.forget() == 1


async def test_the_job_runs_until_it_is_told_to_stop(world: World) -> None:
    made = await world.named()
    [work] = discovery.producer_jobs()["forms"](
        Host(
            world.here,
            world.host.settings.model_copy(
                update={"outgoing": world.host.settings.outgoing.model_copy(update={"allowed": world.api.place})}
            ),
        )
    )
    stop = asyncio.Event()
    task = asyncio.create_task(work(stop))
    for _ in range(100):
        if [one["state"] for one in await world.fetches(made)] == ["done"]:
            break
        await asyncio.sleep(0.05)
    stop.set()
    async with asyncio.timeout(5):
        await task
    assert [one["state"] for one in await world.fetches(made)] == ["done"]


async def test_a_test_lead_is_not_asked_for(world: World) -> None:
    value = {"leadgen_id": "444444444444", "form_id": "444444444444"}
    body = json.dumps({"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": value}]}]}).encode()
    made = await world.named(body=body)
    assert await world.fetches(made) == []
    assert [message.kind for message in world.messages()] == ["test"]


@pytest.mark.parametrize("id_", ["..", "1/../2", "1?fields=x", "a b"])
async def test_an_id_that_would_change_the_address_is_not_asked_for(world: World, id_: str) -> None:
    value = {"leadgen_id": id_, "form_id": "7"}
    body = json.dumps({"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": value}]}]}).encode()
    made = await world.named(body=body)
    await world.fetcher.once()
    [fetch] = await world.fetches(made)
    assert (fetch["state"], fetch["error"]) == ("failed", "what was named can't be an object's id")
    assert world.api.asked == []
