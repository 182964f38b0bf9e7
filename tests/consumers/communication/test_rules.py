"""The fold of communication."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consumers.communication.consumer import communication
from consumers.communication.documents import DEFAULTS, Template
from consumers.communication.state import Correspondence
from infra.kafka.fold import Effect
from infra.mail import templates
from schemas.events import LeadScored, MessagePlanned
from tests.consumers.making import HASH, LEAD, Folding, assigned, captured, erased, published, traits


def effects(folding: Folding) -> list[Effect]:
    return [effect for decision in folding.decisions for effect in decision.effects]


def scored(score: int = 72, grade: str = "A") -> LeadScored:
    return LeadScored(lead=LEAD, score=score, before=0, grade=grade, receipt=(), rules_version=0)


def test_a_first_submission_is_acknowledged_to_its_sender() -> None:
    folding = Folding(communication)
    folding.feed(captured())
    (effect,) = effects(folding)
    assert (effect.kind, effect.lead, effect.recipient) == ("mail", LEAD, HASH)
    assert (effect.reason, effect.cause, effect.due_at) == ("acknowledgement", "submission-1", None)
    (planned,) = folding.written
    assert isinstance(planned, MessagePlanned)
    assert effect.payload == {
        "template": "acknowledgement",
        "template_version": 0,
        "to": "lead",
        "message_id": planned.message_id,
        "owner": None,
        "score": None,
        "grade": None,
        "subject": DEFAULTS["acknowledgement"].subject,
        "text": DEFAULTS["acknowledgement"].text,
        "html": DEFAULTS["acknowledgement"].html,
    }
    assert (planned.lead, planned.template, planned.to, planned.reason) == (LEAD, "acknowledgement", "lead", "acknowledgement")


@pytest.mark.parametrize(
    "changes",
    [{"first": False}, {"quiet": True}, {"traits": traits(email_hash=None)}, {"consent": False}],
    ids=["a repeat", "a quiet one", "one without an address", "one that refuses consent"],
)
def test_no_acknowledgement_for(changes: dict[str, Any]) -> None:
    folding = Folding(communication)
    folding.feed(captured(**changes))
    assert effects(folding) == []
    assert folding.written == []


def test_consent_that_nobody_asked_for_does_not_stop_an_answer() -> None:
    folding = Folding(communication)
    folding.feed(captured(consent=None))
    assert len(effects(folding)) == 1


def test_an_owner_is_told_with_the_score_known_so_far() -> None:
    folding = Folding(communication)
    folding.feed(captured(quiet=True), scored(), assigned("ana", request_id="request-1"))
    (effect,) = effects(folding)
    assert (effect.recipient, effect.reason, effect.cause) == ("person:ana", "assignment", "request-1")
    payload = effect.payload
    assert (payload["to"], payload["owner"], payload["score"], payload["grade"]) == ("owner", "ana", 72, "A")
    assert payload["text"] == DEFAULTS["assignment"].text


def test_an_assignment_by_hand_is_its_own_cause() -> None:
    folding = Folding(communication)
    folding.feed(captured(quiet=True), assigned("ana", actor="user-1"))
    assert effects(folding)[0].cause == "event-0-1"
    assert effects(folding)[0].payload["score"] is None


@pytest.mark.parametrize(
    "fact",
    [assigned(None), assigned("ana", quiet=True), assigned("ana", before="ana")],
    ids=["nobody took it", "it is quiet", "the owner stays"],
)
def test_no_owner_is_told_where(fact: Any) -> None:
    folding = Folding(communication)
    folding.feed(fact)
    assert effects(folding) == []


def test_a_published_template_is_used_from_its_marker_on() -> None:
    folding = Folding(communication)
    folding.feed(published(Template(subject="Hi", text="Text"), "acknowledgement", version=3), captured())
    payload = effects(folding)[0].payload
    assert (payload["template_version"], payload["subject"], payload["text"], payload["html"]) == (3, "Hi", "Text", None)


@pytest.mark.parametrize("body", [{}, Template().model_dump(mode="json"), {"subject": " ", "text": ""}])
def test_an_empty_body_goes_back_to_the_text_in_code(body: dict[str, Any]) -> None:
    folding = Folding(communication)
    marker = published(Template(), "acknowledgement", version=4).model_copy(update={"body": body})
    folding.feed(marker, captured())
    payload = effects(folding)[0].payload
    assert (payload["template_version"], payload["subject"]) == (4, DEFAULTS["acknowledgement"].subject)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"subject": "Hi"}, "needs a subject and a text"),
        ({"subject": " ", "text": "x"}, "needs a subject and a text"),
        ({"text": "x"}, "needs a subject and a text"),
        ({"subject": "Hi\nBcc: all", "text": "x"}, "must be one line"),
        ({"subject": "x" * 501, "text": "x"}, "at most 500"),
        ({"subject": "{% if lead %}", "text": "x"}, "subject: line 1: Unexpected end of template"),
        ({"subject": "Hi", "text": "a\n{{ lead.name"}, "text: line 2"),
        ({"subject": "Hi", "text": "x", "html": "{% nonsense %}"}, "html: line 1: Encountered unknown tag 'nonsense'"),
    ],
)
def test_a_template_that_could_not_be_sent_is_refused(body: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Template.model_validate(body)


def test_an_erased_person_is_forgotten_and_never_written_to() -> None:
    folding = Folding(communication)
    folding.feed(captured(quiet=True), scored(), erased())
    assert folding.state() == Correspondence(erased=True)
    folding.feed(captured(), scored(), assigned("ana"))
    assert effects(folding) == []
    assert folding.state() == Correspondence(erased=True)


LEADS: list[dict[str, Any]] = [
    {
        "name": "Ana Ferreira",
        "first_name": "Ana",
        "last_name": "Ferreira",
        "email": "ana@harbour.example",
        "phone": "+351 212 555 010",
        "company": "Harbour <Freight>",
        "answers": {"Team size": "51-200", "Message": "Line one\nline two"},
        "url": "https://leadflow.example/leads/1",
    },
    dict.fromkeys(("name", "first_name", "last_name", "email", "phone", "company", "answers", "url")),
]


def render(name: str, lead: dict[str, Any], **more: Any) -> templates.Rendered:
    source = DEFAULTS[name]
    owner = {"name": "Bo", "email": "bo@quayline.example"}
    context = {"lead": lead, "owner": owner, "company_name": "Quayline", **more}
    return templates.render(templates.Template(source.subject, source.text, source.html), context)


@pytest.mark.parametrize("lead", LEADS, ids=["everything known", "nothing known"])
@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("more", [{}, {"score": 72, "grade": "A"}, {"score": None, "grade": None}])
def test_the_texts_in_code_render_whatever_is_known(name: str, lead: dict[str, Any], more: dict[str, Any]) -> None:
    mail = render(name, lead, **more)
    assert "None" not in f"{mail.subject}{mail.text}{mail.html}"
    assert "{" not in f"{mail.subject}{mail.text}"
    assert "Quayline" in mail.text
    assert "Quayline" in (mail.html or "")
    assert "Harbour <Freight>" not in (mail.html or "")


def test_the_assignment_reads_well() -> None:
    mail = render("assignment", LEADS[0], score=72, grade="A")
    assert mail.subject == "New lead for you: Ana Ferreira, Harbour <Freight>"
    assert mail.text == (
        "Hello Bo,\n\nAna Ferreira of Harbour <Freight> is yours now.\n\n"
        "Grade   A (72 points)\nE-mail  ana@harbour.example\nPhone   +351 212 555 010\n\n"
        "Team size: 51-200\nMessage: Line one\nline two\n\n"
        "Everything we know, and why it came to you: https://leadflow.example/leads/1\n\n"
        "--\nYou get this mail because you own leads at Quayline. To pause, have yourself set inactive in your team."
    )


def test_the_acknowledgement_reads_well() -> None:
    mail = render("acknowledgement", LEADS[0])
    assert mail.subject == "Ana, we have your message"
    assert mail.text.startswith("Hello Ana,\n\nthank you for writing to Quayline. Your message has reached us")
    assert mail.text.rstrip().endswith('reply with "unsubscribe".')
    assert render("acknowledgement", LEADS[1]).subject == "We have your message"


facts = st.lists(
    st.one_of(
        st.builds(captured, first=st.booleans(), quiet=st.booleans(), consent=st.sampled_from([True, False, None])),
        st.builds(assigned, st.sampled_from(["ana", "bo", None]), request_id=st.sampled_from(["r1", None])),
        st.builds(scored, st.integers(0, 100)),
        st.just(erased()),
        st.builds(lambda n: published(Template(subject=f"S{n}", text="x"), "assignment", version=n), st.integers(1, 3)),
    ),
    max_size=10,
)


@settings(deadline=None)
@given(facts)
def test_folding_the_same_events_again_asks_for_the_same_mails(history: list[Any]) -> None:
    once, twice = Folding(communication), Folding(communication)
    once.feed(captured(), *history)
    twice.feed(captured(), *history)
    assert once.states == twice.states
    assert once.written == twice.written
    assert effects(once) == effects(twice)


@settings(deadline=None)
@given(facts)
def test_every_mail_is_planned_under_its_own_id_and_the_other_way_round(history: list[Any]) -> None:
    folding = Folding(communication)
    folding.feed(captured(), *history)
    planned = [message.message_id for message in folding.written if isinstance(message, MessagePlanned)]
    assert [effect.payload["message_id"] for effect in effects(folding)] == planned
    assert len(set(planned)) == len(planned)
