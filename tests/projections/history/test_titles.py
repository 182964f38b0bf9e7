import pytest

from projections.history.titles import actor_of, describe
from schemas.activities import ActivityDetails
from schemas.message import Message
from schemas.person import Agreement, Source
from tests.consumers.making import START, absorbed
from tests.projections.builders import (
    ADA,
    activity,
    ada,
    assigned,
    captured,
    confirmed,
    erased,
    noted,
    recorded,
    scored,
    tagged,
    task,
    task_added,
    task_changed,
    updated,
)

WORDS = Agreement(overall=True, purposes=("news",), wording="I agree.")


def title(body: Message, person=None, names=None) -> str:
    return describe(body.TYPE, body, person, names or {}).title


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (captured(source=Source(vendor="typeform", source_id="x", form_name="Contact us")), "Came in by Contact us"),
        (captured(first=False), "Wrote again by typeform"),
        (assigned(ADA, "eve"), "Assigned to Eve"),
        (assigned(ADA, "dan"), "Assigned to dan"),
        (assigned(ADA, None), "Owner removed"),
        (assigned(ADA, None).model_copy(update={"request_id": "r"}), "Nobody could take it"),
        (updated(ADA, ["first_name", "custom"]), "Changed first name, custom fields"),
        (recorded(ADA, outcome="failed"), "Mail could not be sent"),
        (recorded(ADA, outcome="unknown"), "Mail handed over, its fate unknown"),
        (confirmed(ADA, WORDS), "Confirmed by mail what was ticked"),
        (erased(ADA), "Erased"),
    ],
)
def test_facts_in_words(body, said):
    assert title(body, names={"eve": "Eve"}) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (activity(ADA, host="shop.example", path="/pricing"), "Saw shop.example/pricing"),
        (activity(ADA), "Saw a page"),
        (activity(ADA, "clicked", host="shop.example", path="/a"), "Clicked a link to shop.example/a"),
        (activity(ADA, "clicked"), "Clicked a link in a mail"),
        (activity(ADA, "delivered"), "Mail delivered"),
        (activity(ADA, "opened"), "Opened a mail"),
        (activity(ADA, "bounced", permanent=True), "Mail bounced for good"),
        (activity(ADA, "bounced", permanent=False), "Mail could not be delivered yet"),
        (activity(ADA, "complained"), "Marked a mail as spam"),
        (activity(ADA, "unsubscribed"), "Unsubscribed from mail"),
        (activity(ADA, "replied"), "Replied by mail"),
        (updated(ADA, ["consents"], consents={"mail": False}), "No longer agrees to mail"),
        (updated(ADA, ["consents"], consents={"mail": True}), "Agrees to mail"),
    ],
)
def test_what_a_lead_did_in_words(body, said):
    assert title(body) == said


def test_what_tells_a_person_is_shown_to_who_may_open_it_and_to_nobody_else():
    body = activity(ADA, "replied", message_id="m")
    person = ActivityDetails(subject="Re: Welcome", text="Yes, on Monday", email="ada@x.example")
    told = describe(body.TYPE, body, person, {})
    assert (told.title, told.text) == ("Replied: Re: Welcome", "Yes, on Monday")
    assert (told.detail["from"], told.detail["message"], told.detail["kind"]) == ("ada@x.example", "m", "replied")
    gone = describe(body.TYPE, body, None, {})
    assert (gone.title, gone.text) == ("Replied by mail", None)
    assert title(activity(ADA, host="shop.example", path="/"), ActivityDetails(title="Prices")) == "Saw Prices"


def test_a_type_nobody_knows_is_called_by_its_name():
    assert describe("pipe.burst.v9", None, None, {}).title == "pipe.burst.v9"


def test_an_erased_persons_values_are_not_there():
    assert describe("x", updated(ADA, ["name"]), None, {}).detail == {"fields": ["name"], "changes": {}}
    assert describe("x", noted(ADA), None, {}).text is None
    assert describe("x", updated(ADA, ["name"]), ada(), {}).detail["changes"] == {"name": "Ada Lovelace"}


def test_what_is_to_be_confirmed_and_what_was_are_told_in_the_words_that_were_agreed_to():
    agreed = {"overall": True, "purposes": ["news"], "wording": "I agree."}
    assert describe("x", captured(unconfirmed=WORDS), ada(), {}).detail["awaits_confirmation"] == agreed
    assert describe("x", confirmed(ADA, WORDS), None, {}).detail == agreed


def test_a_capture_tells_how_it_came():
    found = describe("x", captured(quiet=True, consent=False, campaign={"utm_source": "ads"}), ada(), {}).detail
    assert (found["quiet"], found["consent"], found["campaign"]) == (True, False, {"utm_source": "ads"})


def test_whoever_is_not_named_is_the_writer():
    assert actor_of(scored(ADA, 1), "scoring") == "scoring"
    assert actor_of(assigned(ADA, "eve"), "leads") == "routing"
    assert actor_of(None, "leads") == "leads"


def test_tags_are_told_as_they_were_put_on_and_taken_off():
    assert describe("x", tagged(ADA, "hot", "vip", removed=["cold"]), None, {}).title == "Tagged hot, vip; untagged cold"
    assert describe("x", tagged(ADA, removed=["cold"]), None, {}).title == "Untagged cold"


def test_a_task_is_told_with_its_title_and_for_whom():
    told = describe("x", task_added(ADA, owner="eve"), task("Call her"), {"eve": "Eve"})
    assert (told.title, told.text) == ("Task for Eve", "Call her")
    assert describe("x", task_added(ADA), None, {}).text is None
    assert describe("x", task_changed(ADA, "cancelled"), None, {}).title == "Task given up"


def test_what_another_lead_brought_is_told_in_its_own_words_and_whose_it_was():
    told = describe("lead.absorbed.v1", absorbed(noted(ADA), origin="the-other"), None, {})
    assert told.title == "Note"
    whose = {"merged_from": "the-other", "fact_type": "lead.noted.v1", "happened_at": START.isoformat()}
    assert whose.items() <= told.detail.items()
