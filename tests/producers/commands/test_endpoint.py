import asyncio
import dataclasses
import uuid

import pytest
from pydantic import BaseModel

from infra.crypto.codec import open_person
from infra.gateway.app import create_app
from infra.kafka.publisher import Position
from infra.wiring import discovery
from schemas import topics
from schemas.commands import AssignLead, ChangeStatus, Command, EditLead, NoteLead
from schemas.envelope import Envelope
from schemas.person import Note, Person
from schemas.submissions import ContactEdited, ErasureRequested
from schemas.topics import partition
from tests.infra.gateway import offline
from tests.infra.gateway.running import Running, read
from tests.producers.commands.asked import a_lead, last

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.usefixtures("quiet")]


async def test_an_edit_is_published_sealed_and_answered_with_what_leads_decided(here: Running) -> None:
    lead = await a_lead(here)
    answer = await here.client.patch(
        f"/v1/leads/{lead.upper()}",
        json={"first_name": "Ada", "phone": "+32 2 555 12 34", "company": "Engines", "custom": {"vat": None, "size": 3}},
        headers={**here.token("manager"), "If-Match": '"40"'},
    )
    assert answer.status_code == 200, answer.text
    where = partition(lead, here.services.settings.kafka.partitions)
    assert answer.json() == {"id": lead, "version": 41, "position": f"{where}-0"}
    assert answer.headers["etag"] == '"41"'
    published = here.publisher.records[0]
    command = last(here)
    # A number can change who somebody is, so the edit goes to `identity`, with the hash that it is to claim.
    assert isinstance(command, ContactEdited)
    assert (published.topic, published.partition, published.record.key) == (topics.SUBMISSIONS, where, lead.encode())
    assert command.traits.phone_hash == here.services.keyring.hash("phone", "+3225551234")
    assert command.expected_version == 40
    assert command.actor == "user-manager"
    assert set(command.fields) == {"first_name", "phone", "phone_e164", "custom", "company"}
    assert command.changes == {"company": "Engines"}
    assert b'"Ada"' not in published.record.value
    key = (await here.services.keyring.lead_keys([lead]))[lead]
    assert key is not None
    assert command.personal is not None
    person = open_person(key, command.personal, lead, Person)
    assert (person.first_name, person.phone_e164, person.custom) == ("Ada", "+3225551234", {"vat": None, "size": 3})
    envelope = Envelope.read(published.record.headers)
    assert (envelope.id, envelope.subject, envelope.origin) == (command.command_id, lead, None)


async def test_a_removed_value_is_named_and_has_none(here: Running) -> None:
    lead = await a_lead(here)
    answer = await here.client.patch(f"/v1/leads/{lead}", json={"email": None, "company": None}, headers=here.token("admin"))
    assert answer.status_code == 200
    command = last(here)
    assert isinstance(command, EditLead)
    assert command.fields == ("email", "company")
    assert command.changes == {"company": None}
    assert command.expected_version is None


async def test_status_and_fields_in_one_request_are_two_commands_in_a_row(here: Running) -> None:
    lead = await a_lead(here)
    headers = {**here.token("admin"), "Idempotency-Key": "both", "If-Match": "40"}
    for _ in range(2):
        answer = await here.client.patch(f"/v1/leads/{lead}", json={"name": "Ada", "status": "won"}, headers=headers)
        assert answer.status_code == 200
    first, second = (read(one.record) for one in here.publisher.records)
    assert isinstance(first, EditLead)
    assert isinstance(second, ChangeStatus)
    assert (first.expected_version, second.expected_version) == (40, 41)
    assert first.command_id != second.command_id


@pytest.mark.parametrize(
    ("outcome", "status", "slug"),
    [
        ("conflict", 412, "version-conflict"),
        ("declined", 422, "declined"),
        ("missing", 404, "not-found"),
        ("erased", 410, "erased"),
    ],
)
async def test_what_leads_refuses_is_a_problem(here: Running, outcome: str, status: int, slug: str) -> None:
    async def refuse(here: Running, message: BaseModel, position: Position) -> None:
        assert isinstance(message, Command)
        await here.outcome(message.command_id, message.lead, outcome, detail="the reason", version=None)

    here.publisher.decide = refuse
    answer = await here.client.post(
        f"/v1/leads/{await a_lead(here)}/status", json={"status": "lost"}, headers=here.token("admin")
    )
    assert answer.status_code == status
    assert answer.json()["type"].endswith(slug)
    assert answer.json()["detail"] == "the reason"


async def test_what_is_not_decided_in_time_has_an_address_that_says_when_it_is(here: Running) -> None:
    here.publisher.decide = None
    lead = await a_lead(here)
    answer = await here.client.post(f"/v1/leads/{lead}/notes", json={"text": "called"}, headers=here.token("admin"))
    assert answer.status_code == 202
    where = answer.headers["location"]
    assert where == answer.json()["status_url"] == f"/v1/commands/{answer.json()['command_id']}"
    pending = await here.client.get(where, headers=here.token("admin"))
    assert pending.json()["status"] == "pending"
    command = last(here)
    assert isinstance(command, NoteLead)
    await here.outcome(command.command_id, lead, version=9, position=8)
    decided = (await here.client.get(where, headers=here.token("admin"))).json()
    expected = f"{partition(lead, here.services.settings.kafka.partitions)}-8"
    assert (decided["status"], decided["lead"], decided["version"], decided["position"]) == ("done", lead, 9, expected)
    here.owners[lead] = "somebody"
    assert (await here.client.get(where, headers=here.token("rep", "rep-1"))).status_code == 404
    assert (await here.client.get(f"/v1/commands/{uuid.uuid4()}", headers=here.token("admin"))).status_code == 404


async def test_a_note_is_sealed_and_has_the_id_of_its_command(here: Running) -> None:
    lead = await a_lead(here)
    answer = await here.client.post(f"/v1/leads/{lead}/notes", json={"text": "likes tea"}, headers=here.token("rep", "rep-1"))
    assert answer.status_code == 201
    command = last(here)
    assert isinstance(command, NoteLead)
    assert command.note_id == command.command_id
    key = (await here.services.keyring.lead_keys([lead]))[lead]
    assert key is not None
    assert command.personal is not None
    assert open_person(key, command.personal, lead, Note).text == "likes tea"


async def test_the_same_key_asks_once_also_in_parallel_and_another_body_is_refused(here: Running) -> None:
    lead = await a_lead(here)
    headers = {**here.token("admin"), "Idempotency-Key": "note-1"}
    path = f"/v1/leads/{lead}/notes"
    both = await asyncio.gather(*(here.client.post(path, json={"text": "x"}, headers=headers) for _ in range(2)))
    assert [answer.status_code for answer in both] == [201, 201]
    assert both[0].json()["version"] == both[1].json()["version"]
    ids = {read(one.record).command_id for one in here.publisher.records}  # type: ignore[attr-defined]
    assert len(ids) == 1
    count = len(here.publisher.records)
    again = await here.client.post(path, json={"text": "x"}, headers=headers)
    assert again.json() == both[0].json()
    assert len(here.publisher.records) == count
    other = await here.client.post(path, json={"text": "y"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    somebody = {**here.token("manager"), "Idempotency-Key": "note-1"}
    assert (await here.client.post(path, json={"text": "y"}, headers=somebody)).status_code == 201
    blank = {**headers, "Idempotency-Key": " "}
    assert (await here.client.post(path, json={"text": "y"}, headers=blank)).status_code == 422


async def test_a_manager_gives_a_lead_to_anybody_who_is_somebody(here: Running) -> None:
    lead = await a_lead(here, "somebody")
    answer = await here.client.post(f"/v1/leads/{lead}/assign", json={"owner": "rep-1"}, headers=here.token("manager"))
    assert answer.status_code == 200
    command = last(here)
    assert isinstance(command, AssignLead)
    assert (command.owner, command.request_id) == ("rep-1", None)
    nobody = await here.client.post(f"/v1/leads/{lead}/assign", json={"owner": "ghost"}, headers=here.token("manager"))
    assert nobody.status_code == 422
    assert nobody.json()["errors"] == [{"field": "owner", "message": "is nobody's id"}]


async def test_a_rep_takes_an_unassigned_lead_and_gives_up_an_own_one(here: Running) -> None:
    rep = here.token("rep", "rep-1")
    free, own, other = await a_lead(here), await a_lead(here, "rep-1"), await a_lead(here, "rep-2")

    async def assign(lead: str, owner: str | None) -> int:
        return (await here.client.post(f"/v1/leads/{lead}/assign", json={"owner": owner}, headers=rep)).status_code

    assert await assign(free, "rep-1") == 200
    assert await assign(own, None) == 200
    assert await assign(own, "rep-2") == 403
    assert await assign(other, "rep-1") == 404
    assert (await here.client.patch(f"/v1/leads/{other}", json={"name": "x"}, headers=rep)).status_code == 404
    assert (await here.client.patch(f"/v1/leads/{own}", json={"name": "x"}, headers=rep)).status_code == 200


async def test_an_erasure_goes_through_identity_and_is_for_admins(here: Running) -> None:
    lead = await a_lead(here)
    path = f"/v1/leads/{lead}/erase"
    assert (await here.client.post(path, json={"reason": "asked"}, headers=here.token("manager"))).status_code == 403
    answer = await here.client.post(path, json={"reason": "asked", "block": True}, headers=here.token("admin"))
    assert answer.status_code == 200
    published = here.publisher.records[-1]
    asked = last(here)
    assert isinstance(asked, ErasureRequested)
    assert published.topic is topics.SUBMISSIONS
    assert (asked.lead, asked.reason, asked.block, asked.actor) == (lead, "asked", True, "user-admin")


async def test_a_lead_that_never_was_is_missing_and_an_erased_one_gone(here: Running) -> None:
    admin = here.token("admin")
    assert (await here.client.patch(f"/v1/leads/{uuid.uuid4()}", json={"name": "x"}, headers=admin)).status_code == 404
    assert (await here.client.patch("/v1/leads/nonsense", json={"name": "x"}, headers=admin)).status_code == 404
    lead = await a_lead(here)
    async with here.services.pool.acquire() as connection, connection.transaction():
        await here.services.keyring.destroy(connection, lead, actor="x", reason="y")
    assert (await here.client.patch(f"/v1/leads/{lead}", json={"name": "x"}, headers=admin)).status_code == 410
    assert here.publisher.records == []


async def test_without_kafka_nothing_was_asked(here: Running) -> None:
    here.publisher.away = True
    answer = await here.client.patch(f"/v1/leads/{await a_lead(here)}", json={"name": "x"}, headers=here.token("admin"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"email": "no address"}, "email"),
        ({"name": "a\x00b"}, "name"),
        ({"status": "frozen"}, "status"),
        ({"status": None}, "status"),
        ({"custom": {"a": 10**30}}, "custom"),
        ({"owner": "x"}, "owner"),
        ({"first_name": "x" * 501}, "first_name"),
    ],
)
async def test_a_wrong_field_is_named(here: Running, body: dict[str, object], field: str | None) -> None:
    answer = await here.client.patch(f"/v1/leads/{await a_lead(here)}", json=body, headers=here.token("admin"))
    assert answer.status_code == 422, answer.text
    if field is not None:
        assert answer.json()["errors"][0]["field"].startswith(field)


async def test_an_if_match_that_is_no_etag_is_malformed(here: Running) -> None:
    lead = await a_lead(here)
    wrong = await here.client.patch(f"/v1/leads/{lead}", json={"name": "x"}, headers={**here.token("admin"), "If-Match": '"x"'})
    assert wrong.status_code == 400
    any_ = await here.client.patch(f"/v1/leads/{lead}", json={"name": "x"}, headers={**here.token("admin"), "If-Match": "*"})
    assert any_.status_code == 200


class Team:
    """Stands for the published teams: one, with these."""

    def __init__(self, *members: str) -> None:
        self._members = frozenset(members)

    async def mates(self, person: str) -> frozenset[str]:
        return self._members if person in self._members else frozenset()


async def test_a_rep_who_sees_the_leads_of_the_team_takes_none_of_theirs(here: Running) -> None:
    seeing = here.services.settings.model_copy(
        update={"auth": here.services.settings.auth.model_copy(update={"reps_see": "team"})}
    )
    team = dataclasses.replace(here.services, settings=seeing, teams=Team("rep-1", "rep-2"))  # type: ignore[arg-type]
    own, free, mates, strangers = [await a_lead(here, owner) for owner in ("rep-1", None, "rep-2", "rep-3")]
    rep = here.token("rep", "rep-1")
    async with offline.client(create_app(team, discovery.routers())) as client:
        for owner in ("rep-1", None):
            for lead, status in ((own, 200), (free, 200), (mates, 403), (strangers, 404)):
                answer = await client.post(f"/v1/leads/{lead}/assign", json={"owner": owner}, headers=rep)
                assert answer.status_code == status, (lead, owner)
        body = {"leads": [own, free, mates, strangers], "do": {"assign": None}}
        url = (await client.post("/v1/leads/bulk", json=body, headers=rep)).json()["status_url"]
        state = (await client.get(url, headers=rep)).json()
        assert [item["status"] for item in state["items"]] == ["done", "done", "declined", "missing"]
        assert (await client.patch(f"/v1/leads/{mates}", json={"name": "X"}, headers=rep)).status_code == 200


async def test_a_key_that_may_edit_but_not_take_gives_nobody_a_lead(here: Running) -> None:
    scopes = ["leads:read", "leads:all", "leads:edit"]
    made = await here.client.post(
        "/v1/auth/keys", json={"name": "k", "role": "manager", "scopes": scopes}, headers=here.token("admin")
    )
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    lead = await a_lead(here, "rep-1")
    for path, body in (
        (f"/v1/leads/{lead}/assign", {"owner": None}),
        ("/v1/leads/bulk", {"leads": [lead], "do": {"assign": None}}),
    ):
        assert (await here.client.post(path, json=body, headers=key)).status_code == 403, path
    assert here.publisher.records == []
    tagged = await here.client.post("/v1/leads/bulk", json={"leads": [lead], "do": {"tag": {"add": ["hot"]}}}, headers=key)
    assert tagged.status_code == 202


@pytest.mark.parametrize(("owner", "named"), [("rep-1", True), (None, True), ("rep-2", False), ("unknown", False)])
async def test_a_refusal_names_another_lead_only_to_who_may_see_it(here: Running, owner: str | None, named: bool) -> None:
    lead, other = await a_lead(here, "rep-1"), str(uuid.uuid4())
    if owner != "unknown":
        here.owners[other] = owner

    async def taken(here: Running, message: BaseModel, position: Position) -> None:
        assert isinstance(message, ContactEdited)
        detail = f"the address belongs to the lead {other}"
        await here.outcome(message.command_id, lead, "declined", detail=detail, position=position.offset)

    here.publisher.decide = taken
    for headers, told in ((here.token("rep", "rep-1"), named), (here.token("manager"), True)):
        answer = await here.client.patch(f"/v1/leads/{lead}", json={"email": "taken@x.example"}, headers=headers)
        command = read(here.publisher.records[-1].record)
        assert isinstance(command, ContactEdited)
        later = await here.client.get(f"/v1/commands/{command.command_id}", headers=headers)
        wanted = f"the address belongs to {f'the lead {other}' if told else 'another lead'}"
        assert (answer.status_code, answer.json()["detail"], later.json()["detail"]) == (422, wanted, wanted)
