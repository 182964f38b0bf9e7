"""What is told of a mail, and of whose."""

from datetime import UTC, datetime
from typing import Any

import pytest

from producers.mailbox.known import Sent
from producers.mailbox.mails import read
from producers.mailbox.translate import Told, asks_about, told
from tests.producers.mailbox.letters import OURS, reply, report

AT = datetime(2026, 3, 2, tzinfo=UTC)
EFFECT = OURS.strip("<>").partition("@")[0]
ANA = "hash of ana@acme.example"


def hashed(address: str) -> str:
    return f"hash of {address.lower()}"


def tell(raw: bytes, *, sent: Sent | None = None, leads: Any = ()) -> Told:
    mail = read(raw)
    known = {sent.id: sent} if sent is not None and sent.id in asks_about(mail) else {}
    return told(mail, "mailbox", AT, known, set(leads), hashed)


OUR_MAIL = Sent(EFFECT, ANA, "lead")


def test_a_reply_to_a_mail_of_ours_is_told_whoever_writes_it() -> None:
    found = tell(reply(sender="colleague@acme.example"), sent=OUR_MAIL)
    (activity,) = found.activities
    assert (found.verdict, activity.kind, activity.email) == ("replied", "replied", "colleague@acme.example")
    assert activity.message is not None
    assert EFFECT in activity.message
    assert activity.event_id == "<reply-1@acme.example>"
    assert (activity.person.subject, activity.person.text) == ("Re: your message", "Yes, please.")
    assert (activity.source.vendor, activity.occurred_at, activity.automatic) == ("imap", AT, False)


def test_a_mail_of_a_lead_is_told_also_where_it_answers_none_of_ours() -> None:
    found = tell(reply(about="<other@elsewhere.example>"), leads={ANA})
    (activity,) = found.activities
    assert (found.verdict, activity.message) == ("replied", None)


@pytest.mark.parametrize("about", [None, OURS, "<other@elsewhere.example>"])
def test_a_strangers_mail_is_left_alone_also_where_it_makes_up_an_id(about: str | None) -> None:
    assert tell(reply(about=about)) == Told("stranger")


def test_what_an_owner_answers_to_a_mail_of_ours_is_no_reply_of_the_lead() -> None:
    assert tell(reply(sender="bob@quayline.example"), sent=Sent(EFFECT, "person:bob", "owner")) == Told("ours")


def test_an_automatic_reply_is_told_and_marked() -> None:
    found = tell(reply(Auto_Submitted="auto-replied"), sent=OUR_MAIL)
    assert (found.verdict, found.activities[0].automatic) == ("automatic", True)


def test_who_wants_no_more_is_heard_beside_the_reply() -> None:
    found = tell(reply("Unsubscribe"), sent=OUR_MAIL)
    assert [one.kind for one in found.activities] == ["replied", "unsubscribed"]
    assert len({one.event_id for one in found.activities}) == 2


@pytest.mark.parametrize(("status", "permanent"), [("5.1.1", True), ("4.2.2", False)])
def test_a_bounce_is_told_of_the_address_that_was_written_to(status: str, permanent: bool) -> None:
    found = tell(report(status=status), sent=OUR_MAIL)
    (activity,) = found.activities
    assert (found.verdict, activity.kind, activity.permanent) == ("bounced", "bounced", permanent)
    assert (activity.email, activity.message) == ("ana@acme.example", OURS)
    assert activity.person.reason is not None


def test_a_forged_report_suppresses_nobody_elses_address() -> None:
    victim = report("victim@acme.example")
    (activity,) = tell(victim, sent=OUR_MAIL).activities
    assert activity.email is None
    assert tell(victim, leads={hashed("victim@acme.example")}) == Told("stranger")
    assert tell(report("victim@acme.example", about=None), leads={hashed("victim@acme.example")}) == Told("stranger")


def test_what_is_not_kept_is_said() -> None:
    raw = reply("See the file.").replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n", 1)
    raw = raw.replace(b'Content-Type: text/plain; charset="utf-8"\r\n', b"", 1)
    raw += b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="a.png"\r\n\r\nx\r\n--b--\r\n'
    (activity,) = tell(raw, sent=OUR_MAIL).activities
    assert activity.person.text == "See the file.\n\n[1 attachment not kept]"
