"""Identity over its own tables: what one batch claims, files and asks of `leads`."""

import uuid
from datetime import date
from functools import partial

import pytest

from consumers.identity.consumer import IdentityStep
from infra.crypto.codec import open_person
from infra.crypto.seal import WrongKey
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.fold import Documents
from infra.kafka.partition import Partition
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Outgoing
from schemas.commands import CaptureLead, EraseLead
from schemas.events import ClockTicked
from schemas.person import Person
from schemas.submissions import SubmissionReceived
from tests.consumers.identity.feeding import Identity, captured_lead, edited, erasure
from tests.infra.kafka.logs import HandClock, MemoryLog, recorded, work
from tests.submitting import submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_a_batch_finds_the_person_in_itself_and_seals_with_the_leads_own_key(identity: Identity) -> None:
    (_, first), (_, second) = [await submission(identity.keyring, "ada@x.example", name=name) for name in ("Ada", "A. Lovelace")]
    one, two = await identity.read(first, second)
    assert isinstance(one, CaptureLead)
    assert (one.lead == two.lead, one.created, two.created) == (True, True, False)
    key = (await identity.keyring.lead_keys([one.lead]))[one.lead]
    assert key is not None
    assert open_person(key, one.personal, one.lead, Person).name == "Ada"
    assert b'"raw"' not in key.open(one.personal, one.lead.encode()), "what came in stays where it came in"


async def test_the_request_as_it_came_is_not_handed_on_in_the_clear(identity: Identity) -> None:
    _, record = await submission(identity.keyring, "ada@x.example", phone="+3225550000", name="Ada Lovelace")
    await identity.read(record)
    for destination, sent in identity.log.appended:
        assert destination.topic == "leads.commands"
        everything = (sent.key or b"") + sent.value + b"".join(value for _, value in sent.headers)
        assert not [needle for needle in (b"ada@", b"Lovelace", b"25550000") if needle in everything]


async def test_a_batch_claims_the_same_as_its_records_one_by_one(identity: Identity) -> None:
    made = [
        await submission(identity.keyring, email, phone=phone)
        for email, phone in [
            (None, "+321"),
            ("a@x.example", "+321"),
            ("b@x.example", "+321"),
            (None, "+321"),
            ("B@x.example", None),
        ]
    ]
    sent = await identity.read(*[record for _, record in made])
    ann, bob = sent[0].lead, sent[2].lead
    assert [command.lead for command in sent] == [ann, ann, bob, ann, bob]
    assert [command.created for command in sent] == [True, False, True, False, False]
    rows = await identity.pool.fetch("select lead, other from identity.suggestions")
    assert [tuple(row) for row in rows] == [(bob, ann)]


async def test_a_delivery_that_comes_again_is_filed_with_the_first_ones_lead(identity: Identity) -> None:
    first, record = await submission(identity.keyring, "ada@x.example", delivery="d")
    same_batch, repeat = await submission(identity.keyring, "ada@x.example", delivery="d")
    (captured,) = await identity.read(record, repeat)
    later, late = await submission(identity.keyring, "ada@x.example", delivery="d")
    assert await identity.read(late) == []
    for body in (same_batch, later):
        assert await identity.filed(body) == ("duplicate", captured.lead, first.submission_id)


async def test_a_record_that_was_published_twice_is_no_duplicate_of_itself(identity: Identity) -> None:
    body, record = await submission(identity.keyring, "ada@x.example")
    (captured,) = await identity.read(record, record)
    assert await identity.read(record) == []
    assert await identity.filed(body) == ("processed", captured.lead, None)


@pytest.mark.parametrize("kind", ["spam", "test", "reference", "event"])
async def test_what_is_nobodys_wish_claims_nobody(identity: Identity, kind: str) -> None:
    body, record = await submission(identity.keyring, "bot@x.example", kind=kind, delivery="d")
    repeat, again = await submission(identity.keyring, "bot@x.example", kind=kind, delivery="d")
    assert await identity.read(record, again) == []
    assert await identity.filed(body) == (kind, None, None)
    assert await identity.filed(repeat) == ("duplicate", None, body.submission_id)
    assert await identity.pool.fetchval("select count(*) from identity.claims") == 0


async def test_somebody_without_address_and_number_is_still_a_lead(identity: Identity) -> None:
    body, record = await submission(identity.keyring, None)
    (captured,) = await identity.read(record)
    assert await identity.filed(body) == ("processed", captured.lead, None)


async def test_an_erasure_cuts_the_batch_and_who_comes_after_it_is_new(identity: Identity) -> None:
    (_, first), (_, second) = [await submission(identity.keyring, "ada@x.example", phone="+321") for _ in range(2)]
    (captured,) = await identity.read(first)
    erased, new = await identity.read(erasure(captured.lead), second)
    assert isinstance(erased, EraseLead)
    assert (erased.lead, erased.actor, erased.stranger) == (captured.lead, "admin", False)
    assert (new.lead != captured.lead, new.created) == (True, True)
    assert await identity.keyring.lead_keys([captured.lead]) == {captured.lead: None}
    assert await identity.pool.fetchval("select reason from crypto.erasures where lead = $1", captured.lead) == "asked"


async def test_an_erasure_in_one_batch_with_its_person_ends_them_there(identity: Identity) -> None:
    _, before = await submission(identity.keyring, "ada@x.example")
    (captured,) = await identity.read(before)
    (_, again), (_, after) = [await submission(identity.keyring, "ada@x.example") for _ in range(2)]
    sent = await identity.read(again, erasure(captured.lead), after)
    assert [type(command) for command in sent] == [CaptureLead, EraseLead, CaptureLead]
    assert [command.lead == captured.lead for command in sent] == [True, True, False]


async def test_what_one_source_brought_is_taken_back_unless_another_brought_more(identity: Identity) -> None:
    _, first = await submission(identity.keyring, "ada@x.example", source_id="file")
    (captured,) = await identity.read(first)
    _, other = await submission(identity.keyring, "ada@x.example", source_id="form")
    sent = await identity.read(other, erasure(captured.lead, only_source="file"))
    assert [type(command) for command in sent] == [CaptureLead]
    assert (await identity.keyring.lead_keys([captured.lead]))[captured.lead] is not None
    _, alone = await submission(identity.keyring, "bob@x.example", source_id="file")
    (captured,) = await identity.read(alone)
    (erased,) = await identity.read(erasure(captured.lead, only_source="file"))
    assert isinstance(erased, EraseLead)


async def test_claims_of_a_restored_backup_do_not_revive_whom_the_ledger_has(identity: Identity) -> None:
    _, record = await submission(identity.keyring, "ada@x.example")
    (captured,) = await identity.read(record)
    async with identity.pool.acquire() as connection:
        await identity.keyring.destroy(connection, captured.lead, actor="admin", reason="asked")
    body, again = await submission(identity.keyring, "ada@x.example")
    assert await identity.read(again) == []
    assert (await identity.filed(body))[0] == "rejected"


async def test_a_new_address_is_claimed_and_finds_the_lead_from_then_on(identity: Identity) -> None:
    lead = await captured_lead(identity, "ada@x.example")
    assert (await edited(identity, lead, email="ada@new.example", phone="+321")).refused == ""
    assert await captured_lead(identity, "ada@new.example") == lead
    assert await captured_lead(identity, None, "+321") == lead
    assert await captured_lead(identity, "ada@x.example") == lead, "the old one too"


async def test_an_address_of_another_lead_is_refused_by_name_and_stays_where_it_is(identity: Identity) -> None:
    ada, bob = await captured_lead(identity, "ada@x.example"), await captured_lead(identity, "bob@x.example")
    assert bob in (await edited(identity, ada, email="bob@x.example", phone="+321")).refused
    assert await captured_lead(identity, "bob@x.example") == bob
    assert await captured_lead(identity, None, "+321") not in (ada, bob), "nothing of a refused edit is claimed"


async def test_ones_own_address_and_a_shared_number_are_not_refused(identity: Identity) -> None:
    ada, bob = await captured_lead(identity, "ada@x.example", "+321"), await captured_lead(identity, "bob@x.example")
    assert (await edited(identity, ada, email="ada@x.example")).refused == ""
    assert (await edited(identity, bob, phone="+321")).refused == ""
    assert await captured_lead(identity, None, "+321") == ada, "who had the number first keeps it"


async def test_an_edit_of_an_erased_lead_claims_nothing_and_is_passed_on_to_be_declined(identity: Identity) -> None:
    lead = await captured_lead(identity, "ada@x.example")
    await identity.read(erasure(lead))
    await edited(identity, lead, email="ada@new.example")
    assert await identity.pool.fetchval("select count(*) from identity.claims where lead is not null") == 0


async def letters(identity: Identity) -> list[tuple[str, str]]:
    rows = await identity.pool.fetch("select kind, reason from dead_letters.letters")
    return [tuple(row) for row in rows]


async def test_what_was_sealed_for_another_submission_is_a_dead_letter_and_the_others_go_on(identity: Identity) -> None:
    body, record = await submission(identity.keyring, "ada@x.example")
    stolen = body.model_copy(update={"submission_id": str(uuid.uuid4()), "delivery": "other"})  # sealed for another submission
    _, neighbour = await submission(identity.keyring, "bob@x.example")
    (captured,) = await identity.read(Outgoing(record.key, record.headers, stolen.model_dump_json().encode()), neighbour)
    assert isinstance(captured, CaptureLead)
    ((kind, reason),) = await letters(identity)
    assert (kind, reason) == ("undecodable", "personal can't be opened: WrongKey")
    assert (await identity.filed(stolen))[0] == "rejected"


async def test_a_submission_older_than_its_intake_key_is_rejected_with_the_reason(identity: Identity) -> None:
    body, record = await submission(identity.keyring, "ada@x.example")
    async with identity.pool.acquire() as connection:
        await identity.keyring.destroy_intake(connection, date.max)
    assert await identity.read(record) == []
    ((kind, reason),) = await letters(identity)
    assert kind == "reject"
    assert "intake key was destroyed" in reason
    assert (await identity.filed(body))[0] == "rejected"


async def test_a_submission_without_a_person_is_captured_all_the_same(identity: Identity) -> None:
    body, record = await submission(identity.keyring, "ada@x.example")
    bare = body.model_copy(update={"personal": None})
    (captured,) = await identity.read(Outgoing(record.key, record.headers, bare.model_dump_json().encode()))
    key = (await identity.keyring.lead_keys([captured.lead]))[captured.lead]
    assert key is not None
    assert open_person(key, captured.personal, captured.lead, Person) == Person()


async def test_nothing_is_claimed_by_a_batch_that_only_erases_strangers(identity: Identity) -> None:
    (erased,) = await identity.read(erasure("0198a000-0000-7000-8000-000000000001"))
    assert isinstance(erased, EraseLead)
    assert erased.stranger
    assert await identity.pool.fetchval("select count(*) from identity.claims") == 0
    assert await identity.pool.fetchval("select count(*) from crypto.erasures") == 0, "nobody was erased"


async def test_identity_has_no_timers_and_no_documents(identity: Identity) -> None:
    step = IdentityStep(identity.keyring)
    assert step.tick(0) is None
    assert step.wants(SubmissionReceived.TYPE)
    assert not step.wants(ClockTicked.TYPE)
    assert step.restore(()).version(type("D", (), {"KIND": "x"})) == 0  # type: ignore[arg-type]
    assert isinstance(step.restore(()), Documents)


async def test_two_partitions_that_meet_on_a_person_wait_for_each_other(identity: Identity, database: str) -> None:
    """The same people in opposite orders in two partitions at once: no deadlock, and one lead each."""
    import asyncio

    log, keyring = MemoryLog(), identity.keyring
    bury = partial(dead_letters.add, consumer="identity", topic="leads.submissions", keyring=keyring)
    store = PgStore(identity.pool, "identity", topic="leads.submissions", plan=gate.plan, bury=bury)
    other = Partition(1, IdentityStep(keyring), log, store, HandClock())
    await other.assigned()
    emails = [f"p{number}@x.example" for number in range(50)]
    here = [(await submission(keyring, email, phone=f"+32{nth}"))[1] for nth, email in enumerate(emails)]
    there = [(await submission(keyring, email, phone=f"+32{49 - nth}"))[1] for nth, email in enumerate(reversed(emails))]
    await asyncio.gather(
        identity.read(*here), work(other, [recorded(record, nth, partition=1) for nth, record in enumerate(there)])
    )
    assert (identity.partition.position, other.position) == (50, 50)
    assert await identity.pool.fetchval("select count(distinct lead) from identity.claims where kind = 'email'") == 50
    assert await identity.pool.fetchval("select count(distinct lead) from identity.submissions") == 50


async def test_what_could_not_be_opened_is_captured_when_it_is_tried_again(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, record = await submission(identity.keyring, "ada@x.example", delivery="d")

    async def another_key(_personal: object) -> None:
        raise WrongKey

    with monkeypatch.context() as wrong:
        wrong.setattr(identity.keyring, "intake_of", another_key)
        assert await identity.read(record) == []
    assert (await identity.filed(body))[0] == "rejected"
    (captured,) = await identity.read(record)
    assert await identity.filed(body) == ("processed", captured.lead, None)
