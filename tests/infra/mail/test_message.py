from datetime import UTC, datetime
from email import message_from_bytes, policy
from uuid import UUID

import pytest

from infra.mail.message import BadAddress, Mailbox, compose, message_id
from infra.mail.templates import Rendered

EFFECT = UUID(int=7)
SENDER = Mailbox.parse("Leadflow <leadflow@example.com>")
AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def composed(to: Mailbox, rendered: Rendered) -> bytes:
    return compose(effect=EFFECT, sender=SENDER, to=to, rendered=rendered, at=AT)


def test_a_message_has_both_parts_and_says_that_a_machine_wrote_it() -> None:
    raw = composed(Mailbox.of("anna@example.com", "Änna Smith, Dr."), Rendered("Grüße \U0001f600", "Hällo\n.\n", "<p>Hällo</p>"))
    assert raw.isascii()
    assert all(line.endswith(b"\r") for line in raw.split(b"\n")[:-1])
    message = message_from_bytes(raw, policy=policy.default)
    assert message["To"].addresses[0].display_name == "Änna Smith, Dr."
    assert message["To"].addresses[0].addr_spec == "anna@example.com"
    assert message["Subject"] == "Grüße \U0001f600"
    assert message["Message-ID"] == "<00000000-0000-0000-0000-000000000007@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert message.get_body(("plain",)).get_content() == "Hällo\r\n.\r\n"  # type: ignore[union-attr, attr-defined]
    assert message.get_body(("html",)).get_content() == "<p>Hällo</p>\r\n"  # type: ignore[union-attr, attr-defined]


def test_text_alone_is_no_multipart() -> None:
    message = message_from_bytes(composed(Mailbox.of("a@b.c"), Rendered("s", "t", None)))
    assert message.get_content_type() == "text/plain"


def test_one_effect_has_one_message_id() -> None:
    assert message_id(EFFECT, SENDER) == message_id(EFFECT, SENDER) != message_id(UUID(int=8), SENDER)


@pytest.mark.parametrize(
    "evil", ["Anna\r\nBcc: v@example.com", "Anna\nX: y\n\nbody", "Anna\u2028Bcc: v@example.com", '"Anna" <v@example.com>,']
)
def test_a_name_cannot_begin_another_header_or_address(evil: str) -> None:
    message = message_from_bytes(composed(Mailbox.of("anna@example.com", evil), Rendered("s", "t", None)), policy=policy.default)
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@example.com"]
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@exa mple.com",
        "anna@example.com\r\nRCPT TO:<v@example.com>",
        "anna@example.com> SIZE=1",
        "an na@example.com",
        "a..b@example.com",
        ".a@example.com",
        "änna@example.com",
        "anna@-example.com",
        "anna@example..com",
        "anna@ex\u2028ample.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 260 + ".com",
        "a@" + "ü" * 80 + ".com",
        "a@b.c,d@e.f",
        '"a b"@example.com',
        "a@[127.0.0.1]",
    ],
)
def test_what_is_no_address_we_can_reach_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        Mailbox.of(address)


def test_an_international_domain_is_encoded() -> None:
    assert Mailbox.of(" anna@münchen.example ").address == "anna@xn--mnchen-3ya.example"


def test_the_sender_may_be_an_address_alone() -> None:
    assert Mailbox.parse("leadflow@example.com") == Mailbox("leadflow@example.com", "")
    assert Mailbox("leadflow@example.com", "Leadflow") == SENDER
