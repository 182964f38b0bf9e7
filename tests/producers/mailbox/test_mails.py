"""Mails as they come: whole, cut off, broken, in any charset."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.mailbox.mails import TEXT_CHARACTERS_MAX, read
from tests.producers.mailbox.letters import OURS, reply, report


def test_a_reply_tells_who_answers_what_and_what_they_say() -> None:
    found = read(reply("Yes, please.\n\nOn Mon, 2 Mar 2026, Quayline wrote:\n> Shall we call?\n"))
    assert (found.sender, found.name, found.subject) == ("ana@acme.example", "Ana Silva", "Re: your message")
    assert (found.id, found.about, found.text) == ("<reply-1@acme.example>", (OURS,), "Yes, please.")
    assert (found.automatic, found.attachments, found.bounces) == (False, 0, ())


def test_references_are_looked_at_from_the_nearest_on() -> None:
    raw = reply(about="<b@x.example>", References="<a@x.example> <b@x.example> <c@x.example>")
    assert read(raw).about == ("<b@x.example>", "<c@x.example>", "<a@x.example>")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=x"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"Subject": "Automatic reply: your message"},
        {"Subject": "Out of Office: back on Monday"},
        {"Subject": "=?utf-8?q?R=C3=A9ponse_automatique?= : absent"},
        {"Subject": "Abwesenheitsnotiz"},
    ],
    ids=str,
)
def test_what_no_person_wrote_is_automatic(headers: dict[str, str]) -> None:
    assert read(reply(**headers)).automatic


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "no"}, {"Precedence": "normal"}, {"Subject": "Our office is out of town"}]
)
def test_what_a_person_wrote_is_not(headers: dict[str, str]) -> None:
    assert not read(reply(**headers)).automatic


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("iso-8859-1", "Zoë grüßt".encode("latin-1")),
        ("windows-1252", "Zoë grüßt".encode("cp1252")),
        ("utf-16", "Zoë grüßt".encode("utf-16")),
        ("utf-8", "Zoë grüßt".encode()),
        ("no-such-charset", "Zoë grüßt".encode()),
        ("us-ascii", "Zoë grüßt".encode("latin-1")),
    ],
)
def test_text_is_read_whatever_it_is_written_in(charset: str, raw: bytes) -> None:
    head = f"From: ana@acme.example\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert read(head.encode() + raw).text == "Zoë grüßt"


def test_where_there_is_only_html_its_words_are_the_text_without_what_it_quotes() -> None:
    html = (
        "<html><head><title>x</title><style>p{}</style></head><body><p>Yes,&nbsp;<b>please</b>.</p><div>Ana</div>"
        '<div class="gmail_quote"><div>On Monday you wrote:</div><blockquote>Hi</blockquote></div><p>PS: now</p></body></html>'
    )
    message = EmailMessage()
    message["From"] = "ana@acme.example"
    message.set_content(html, subtype="html")
    assert read(message.as_bytes()).text == "Yes, please.\nAna\nPS: now"


def test_attachments_are_counted_and_not_read() -> None:
    message = EmailMessage()
    message["From"] = "ana@acme.example"
    message.set_content("See the file.")
    message.add_attachment(b"secret " * 100, maintype="text", subtype="plain", filename="notes.txt")
    message.add_attachment(b"\x00" * 100, maintype="image", subtype="png", filename="a.png")
    found = read(message.as_bytes())
    assert (found.text, found.attachments) == ("See the file.", 2)


def test_a_mail_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    message = EmailMessage()
    message["From"] = "ana@acme.example"
    message.set_content("The beginning.")
    message.add_attachment(b"x" * 10_000, maintype="application", subtype="pdf", filename="a.pdf")
    assert read(message.as_bytes()[:900]).text == "The beginning."


def test_a_text_is_kept_up_to_a_length() -> None:
    assert len(read(reply("word " * 10_000)).text) <= TEXT_CHARACTERS_MAX


def test_a_mail_without_an_id_is_told_by_what_it_is() -> None:
    first, again, other = (read(b"From: a@b.example\r\n\r\n" + text) for text in (b"x", b"x", b"y"))
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    "word", ["unsubscribe", "Unsubscribe.\n\n-- \nAna", "please unsubscribe me!\n\n> Reply with unsubscribe"]
)
def test_who_says_unsubscribe_as_our_mails_tell_them_is_understood(word: str) -> None:
    assert read(reply(word)).unsubscribes


@pytest.mark.parametrize("text", ["How do I unsubscribe?", "Don't unsubscribe me", ""])
def test_a_sentence_with_the_word_in_it_unsubscribes_nobody(text: str) -> None:
    assert not read(reply(text)).unsubscribes
    assert not read(reply("unsubscribe", Auto_Submitted="auto-replied")).unsubscribes


@pytest.mark.parametrize(
    ("status", "action", "permanent"), [("5.1.1", "failed", True), ("4.4.1", "failed", False), ("5.0.0", "delayed", False)]
)
def test_a_report_tells_which_mail_bounced_and_whether_for_good(status: str, action: str, permanent: bool) -> None:
    for headers_only in (False, True):
        (bounce,) = read(report(status=status, action=action, headers_only=headers_only)).bounces
        assert (bounce.message, bounce.recipient, bounce.permanent) == (OURS, "ana@acme.example", permanent)
        assert bounce.reason == f"550 {status} no such mailbox here"


def test_a_report_of_a_delivery_is_no_bounce() -> None:
    assert read(report(action="delivered", status="2.0.0")).bounces == ()


@given(raw=st.binary(max_size=2_000))
def test_whatever_the_bytes_are_there_is_an_answer(raw: bytes) -> None:
    read(raw).text.encode()


HEADERS = st.sampled_from(
    [b"From", b"Subject", b"Message-ID", b"References", b"Content-Type", b"Content-Transfer-Encoding", b"Date"]
)
VALUES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            b"multipart/mixed; boundary=b",
            b"multipart/report; boundary=b",
            b"message/rfc822",
            b"message/delivery-status",
            b"text/html; charset=\xff",
            b"text/plain; charset*=x''%ff",
            b"base64",
            b"=?utf-8?b?/w==?= =?x?q?a?= <a@b.example>",
            b"=?utf-16?q?=d8=00?=",
        ]
    ),
)


@given(lines=st.lists(st.tuples(HEADERS, VALUES), max_size=8), body=st.lists(VALUES | st.just(b"--b"), max_size=8))
def test_whatever_its_headers_are_a_mail_is_read(lines: list[tuple[bytes, bytes]], body: list[bytes]) -> None:
    raw = b"".join(name + b": " + value + b"\r\n" for name, value in lines) + b"\r\n" + b"\r\n".join(body)
    for part in (raw, report().replace(b"rfc822; ana", body[0] if body else b"")):
        found = read(part)
        for text in (found.id, found.text, found.subject or "", found.sender or "", found.name or ""):
            assert "\0" not in text
            text.encode()
