from producers.commands import translate
from producers.commands.translate import Asker
from schemas.envelope import trace_of
from schemas.message import LeadId
from schemas.person import Note, Person

ASKER = Asker(LeadId("l1"), "c1", "u1", 5)


def test_personal_fields_are_named_in_the_command_and_valued_in_the_person() -> None:
    command, person = translate.edit(ASKER, {"email": "a@b.example", "company": "Engines", "custom": None})
    assert command.fields == ("email", "custom", "company")
    assert command.changes == {"company": "Engines"}
    assert person == Person(email="a@b.example", custom={})
    assert (command.lead, command.command_id, command.actor, command.expected_version) == ("l1", "c1", "u1", 5)


def test_without_personal_fields_there_is_no_person() -> None:
    assert translate.edit(ASKER, {"company": None})[1] is None


def test_a_note_asked_twice_is_one_note() -> None:
    command, person = translate.note(ASKER, "hello")
    assert (command.note_id, person) == ("c1", Note(text="hello"))


def test_the_others_say_what_is_asked() -> None:
    assert translate.change_status(ASKER, "won").status == "won"
    assert translate.assign(ASKER, None).owner is None
    tagged = translate.tag(ASKER, ["vip"], ["cold"])
    assert (tagged.added, tagged.removed) == (("vip",), ("cold",))
    asked = translate.erase(ASKER, "because")
    assert (asked.lead, asked.command_id, asked.reason, asked.key()) == ("l1", "c1", "because", "l1")


def test_only_a_trace_goes_into_a_header() -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    assert trace_of(trace) == trace
    assert [trace_of(given) for given in (None, "", "ada@example.com", trace + "\n", trace.upper())] == [None] * 5
