import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from infra.local.mail_catcher import Page
from infra.local.mail_page import list_page, mail_page
from infra.local.mail_store import MailStore, parse

SCRIPT = "<script>alert('x')</script>"


def a_mail(subject: str = "Hello", text: str = "Text", html: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "Ann Example <ann@example.org>"
    message["To"] = "bob@example.org"
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "messages", mails_max=3)


@pytest.fixture
def page(store: MailStore) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("StorePage", (Page,), {"store": store}))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_mail_is_decoded(store: MailStore) -> None:
    mail_id = store.add(a_mail("Grüße", "Täxt\n", "<p>Hé</p>"), "bounce@example.org", ["bob@example.org"])
    mail = store.get(mail_id)

    assert mail is not None
    assert (mail.sender, mail.to) == ("Ann Example <ann@example.org>", "bob@example.org")
    assert (mail.subject, mail.text.strip(), mail.html.strip()) == ("Grüße", "Täxt", "<p>Hé</p>")
    assert mail.message_id == "<1@example.org>"


def test_who_it_was_delivered_to_counts_not_what_the_header_says(store: MailStore) -> None:
    store.add(a_mail(), "ann@example.org", ["hidden@example.org", "carol@example.org"])

    assert store.newest()[0].to == "hidden@example.org, carol@example.org"
    assert store.newest(to="CAROL@example.org")
    assert not store.newest(to="bob@example.org")


def test_only_the_newest_are_kept_also_over_a_restart(store: MailStore, tmp_path: Path) -> None:
    for number in range(5):
        store.add(a_mail(f"no {number}"), "a@example.org", ["b@example.org"])

    assert [mail.subject for mail in store.newest()] == ["no 4", "no 3", "no 2"]
    assert len(list((tmp_path / "messages").iterdir())) == 3
    again = MailStore(tmp_path / "messages", mails_max=2)
    assert [mail.subject for mail in again.newest()] == ["no 4", "no 3"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe\x00", b"From: \r\nSubject: =?x?q?=ff?=\r\nTo: <\r\n\r\n", b"Content-Type: text/html; charset=no\r\n\r\nx"],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(raw: bytes) -> None:
    mail = parse("0" * 20 + "-0001", raw)

    assert "<h1>" in mail_page(mail)


def test_whatever_stands_in_a_mail_is_escaped(store: MailStore) -> None:
    store.add(a_mail(SCRIPT, SCRIPT, f'{SCRIPT}<b title="\'">'), f"{SCRIPT}@x", [f"{SCRIPT}@x"])
    mail = store.newest()[0]

    for page in (list_page([mail]), mail_page(mail)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in mail_page(mail)
    assert "&lt;b title=&quot;&#x27;&quot;&gt;" in mail_page(mail)


def test_the_page_and_its_json_show_the_mails(store: MailStore, page: str) -> None:
    mail_id = store.add(a_mail(html="<p>x</p>"), "ann@example.org", ["bob@example.org"])

    [mail] = httpx2.get(f"{page}/messages.json").json()
    assert {"id", "from", "to", "subject", "date", "message_id", "text", "html"} <= mail.keys()
    assert mail["id"] == mail_id
    assert httpx2.get(f"{page}/messages.json?to=nobody").json() == []
    listed = httpx2.get(page)
    assert f"/messages/{mail_id}" in listed.text
    assert "script" not in listed.headers["Content-Security-Policy"]
    assert httpx2.get(f"{page}/messages/{mail_id}").headers["Content-Type"] == "text/html; charset=utf-8"
    raw = httpx2.get(f"{page}/messages/{mail_id}.eml")
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Subject: Hello" in raw.text


@pytest.mark.parametrize("path", ["/nothing", "/messages/../../x", "/messages/00000000000000000000-0000.eml"])
def test_what_is_not_there_is_not_found(page: str, path: str) -> None:
    assert httpx2.get(page + path).status_code == 404


def test_another_sites_name_for_this_address_is_refused(page: str) -> None:
    assert httpx2.get(page, headers={"Host": "evil.example"}).status_code == 403
