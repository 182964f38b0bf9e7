"""An erasure while more is under way: nothing revives the lead, and the certificate says how far it has come."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.crypto.codec import seal_person
from infra.crypto.seal import KEY_BYTES, Key
from infra.dead_letters import store as dead_letters
from infra.kafka.ports import DeadLetter, Outgoing, Record
from infra.settings import Settings
from infra.wiring.redrive import NotRedrivable, redrive
from schemas import commands, topics
from schemas.activities import Activity, RecordActivity
from schemas.envelope import Envelope
from schemas.message import Frozen, LeadId
from schemas.person import Note, Person, Source, Task, Traits
from tests.submitting import publish, submission
from tests.whole import Whole, whole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Whole]:
    async with whole(settings) as found:
        yield found


async def certificate(here: Whole, lead: str) -> Any:
    answer = await here.client.get(f"/v1/leads/{lead}/erasure", headers=here.headers())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def erase(here: Whole, lead: str, *, block: bool = False) -> None:
    body = {"reason": "Ada asked", "block": block}
    answer = await here.client.post(f"/v1/leads/{lead}/erase", json=body, headers=here.headers())
    assert answer.status_code in (200, 202), answer.text
    await here.system.until_value(True, "select exists(select from crypto.erasures where lead = $1)", lead)


async def ask(here: Whole, command: commands.Command, person: Frozen | None = None) -> str:
    """Publish a command that was sealed before the key was destroyed; what became of it."""
    if person is not None:
        sealed = seal_person(Key("lead", bytes(KEY_BYTES)), person, command.lead)
        command = command.model_copy(update={"personal": sealed})
    envelope = Envelope(command.command_id, command.TYPE, "test", datetime.now(UTC), subject=command.lead)
    record = Outgoing(command.lead.encode(), envelope.headers(), command.model_dump_json().encode())
    number = topics.partition(command.lead, here.system.has.settings.kafka.partitions)
    await here.system.has.producer.publish(topics.COMMANDS, number, record)
    await here.system.until_value(True, "select exists(select from leads.outcomes where command_id = $1)", command.command_id)
    found: str = await here.system.has.pool.fetchval(
        "select status from leads.outcomes where command_id = $1", command.command_id
    )
    return found


def under_way(lead: LeadId) -> list[tuple[commands.Command, Frozen | None]]:
    """One of each thing that may be asked of a lead."""
    asker = {"lead": lead, "actor": "ann"}

    def id_() -> str:
        return str(uuid.uuid4())

    traits = Traits(email_hash="ab" * 32, filled=("email",))
    source = Source(vendor="typeform", source_id="s1")
    capture = commands.CaptureLead(
        **asker, command_id=id_(), created=False, submission_id=id_(), source=source, traits=traits, claimed=("email",)
    )
    opened = Activity(id="a", kind="opened", occurred_at=datetime.now(UTC), source=source)
    other = LeadId("018f0000-0000-7000-8000-00000000000f")
    return [
        (capture, Person(email="ada@again.example", name="Ada Again")),
        (commands.EditLead(**asker, command_id=id_(), fields=("name",)), Person(name="Ada Again")),
        (commands.NoteLead(**asker, command_id=id_(), note_id="n"), Note(text="Ada called")),
        (commands.AddTask(**asker, command_id=id_(), task_id="t"), Task(title="Call Ada")),
        (commands.ChangeTask(**asker, command_id=id_(), task_id="t", state="done"), None),
        (commands.TagLead(**asker, command_id=id_(), added=("vip",)), None),
        (commands.ChangeStatus(**asker, command_id=id_(), status="won"), None),
        (commands.AssignLead(**asker, command_id=id_(), owner="bob"), None),
        (commands.RecordMessage(**asker, command_id=id_(), message_id="m", outcome="sent"), None),
        (commands.ConfirmConsent(**asker, command_id=id_(), agreement="a"), None),
        (commands.MergeLead(**asker, command_id=id_(), into=other, asked="m"), None),
        (commands.UnmergeLead(**asker, command_id=id_(), out_of=other, asked="u"), None),
        (commands.AbsorbLead(**asker, command_id=id_(), origin=other), None),
        (commands.ReleaseLead(**asker, command_id=id_(), origin=other), None),
        (RecordActivity(**asker, command_id=id_(), activity=opened), None),
    ]


async def kept(here: Whole, lead: str) -> int:
    """Rows of a lead in the read models."""
    counts = ["select count(*) from lead_list.leads where id = $1", "select count(*) from lead_list.names where lead = $1"]
    counts += ["select count(*) from lead_search.leads where lead = $1 and body is not null"]
    counts += [f"select count(*) from lead_list.{table} where lead = $1" for table in ("notes", "tasks", "tags", "identifiers")]
    return sum([await here.system.has.pool.fetchval(sql, lead) for sql in counts])


async def test_what_was_under_way_ends_as_erased_and_revives_nobody(here: Whole) -> None:
    lead = LeadId(await here.system.lead_of(await here.system.submit("ada@under-way.example")))
    await here.system.settled()
    assert await kept(here, lead) > 0
    await erase(here, lead)
    asked = under_way(lead)
    assert {type(command) for command, _ in asked} == {
        cls
        for cls in commands.Command.__subclasses__()
        if cls not in (commands.EraseLead, commands.LiftBlock, commands.DeclineCommand)
    }, "one of each"
    for command, person in asked:
        assert await ask(here, command, person) == "erased", command.TYPE
    await here.system.settled()
    assert await kept(here, lead) == 0
    path = f"/v1/leads/{lead}"
    for body, where in (({"name": "Ada"}, path), ({"text": "x"}, f"{path}/notes"), ({"title": "x"}, f"{path}/tasks")):
        method = "PATCH" if where == path else "POST"
        answer = await here.client.request(method, where, json=body, headers=here.headers())
        assert answer.status_code == 410, answer.text


async def test_an_old_dead_letter_is_gone_and_the_same_submission_again_makes_no_lead(here: Whole) -> None:
    system, keyring = here.system, here.system.has.keyring
    sent = await submission(keyring, "ada@letter.example")
    await publish(system.has.producer, system.has.settings.kafka.partitions, sent)
    lead = await system.lead_of(sent[0].submission_id)
    record = Record(0, 7, 1, sent[1].key, sent[1].headers, sent[1].value)
    async with system.has.pool.acquire() as connection:
        letter = DeadLetter(record, "for want of anything better", "bug", 1)
        await dead_letters.add(connection, [letter], consumer="identity", topic=topics.SUBMISSIONS.name, keyring=keyring)
        id_ = dead_letters.letter_id("identity", topics.SUBMISSIONS.name, 0, 7)
    await erase(here, lead)
    with pytest.raises(NotRedrivable, match="no dead letter"):
        await redrive(system.has, id_)
    before = await system.has.pool.fetchval("select count(*) from lead_list.leads")
    await publish(system.has.producer, system.has.settings.kafka.partitions, sent)
    await system.settled()
    assert await system.has.pool.fetchval("select count(*) from lead_list.leads") <= before
    assert await kept(here, lead) == 0


async def test_the_certificate_says_what_was_destroyed_and_what_it_waits_for(here: Whole) -> None:
    lead = await here.system.lead_of(await here.system.submit("ada@certificate.example", phone="+3225550177"))
    await here.system.settled()
    missing = await here.client.get(f"/v1/leads/{lead}/erasure", headers=here.headers())
    assert missing.status_code == 404
    await erase(here, lead, block=True)
    await here.system.settled()
    found = await certificate(here, lead)
    steps = {step["name"]: step for step in found["steps"]}
    today = datetime.now(UTC).date()
    assert (found["actor"], found["blocked"]) == ("user-admin", True)
    assert "Ada" not in str(found), "the reason is people's words"
    assert (steps["lead key"]["detail"], steps["identifiers"]["count"]) == ("destroyed", 2)
    assert {"log", "history", "lead_list", "lead_search"} <= steps.keys()
    assert all(steps[name]["done"] for name in ("log", "history", "lead_list", "lead_search", "scoring") if name in steps)
    waits = f"intake key of {today.isoformat()}"
    assert waits in found["waits_for"]
    assert steps[waits]["not_before"] == (today + timedelta(days=9)).isoformat()
    assert not found["complete"]
    async with here.system.has.pool.acquire() as connection:
        await here.system.has.keyring.destroy_intake(connection, date.max)

    async def complete() -> bool:
        return bool((await certificate(here, lead))["complete"])

    await here.system.until(complete, "the certificate is complete")
    assert (await certificate(here, lead))["waits_for"] == []
    assert (await here.client.get(f"/v1/leads/{lead}/erasure", headers=here.headers("manager"))).status_code == 403
