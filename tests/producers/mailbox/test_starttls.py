"""A mailbox whose server begins in the clear: TLS comes first, or nothing is said to it."""

import ssl
from typing import Any

import pytest

from infra.tls.development import issue
from producers.mailbox.imap import CannotRead, opened
from tests.producers.mailbox.letters import reply
from tests.producers.mailbox.server import PASSWORD, USER
from tests.producers.mailbox.upgrading import UID, UID_VALIDITY, Upgrading

SAID_IN_THE_CLEAR = {b"CAPABILITY", b"STARTTLS"}


def said(lines: list[bytes]) -> set[bytes]:
    """The commands, without their tags."""
    return {line.split(b" ", 1)[1].strip() for line in lines}


def refused(server: Upgrading, **changes: Any) -> str:
    """Why the mailbox can't be read. Whatever it is, nobody was told who asks."""
    with pytest.raises(CannotRead) as why, opened(server.mailbox(**changes)):
        pass
    assert said(server.clear) <= SAID_IN_THE_CLEAR
    heard = b"".join(server.clear + server.secret)
    assert USER.encode() not in heard
    assert PASSWORD.encode() not in heard
    return str(why.value)


def test_the_folder_is_read_under_tls_and_nothing_is_said_before() -> None:
    mail = reply()
    with Upgrading(mail).serving() as server, opened(server.mailbox()) as folder:
        assert (folder.uid_validity, folder.uids(1, 10)) == (UID_VALIDITY, ([UID], UID))
        fetched = folder.fetch(UID)
    assert fetched is not None
    assert fetched.raw == mail
    assert said(server.clear) == SAID_IN_THE_CLEAR
    assert {line.split()[1] for line in server.secret} == {b"CAPABILITY", b"LOGIN", b"EXAMINE", b"UID", b"LOGOUT"}


def test_a_certificate_that_nobody_we_believe_has_signed_is_refused() -> None:
    with Upgrading(reply()).serving() as server:
        assert "SSLCertVerificationError" in refused(server, ca=issue().ca)
    assert server.secret == []


def test_so_is_one_for_another_name() -> None:
    with Upgrading(reply(), names=("elsewhere.example",)).serving() as server:
        assert "SSLCertVerificationError" in refused(server)
    assert server.secret == []


def test_so_is_a_server_that_speaks_older_tls_alone() -> None:
    with Upgrading(reply(), newest=ssl.TLSVersion.TLSv1_2).serving() as server:
        assert "LEADFLOW_MAILBOX__TLS" in refused(server)
    assert server.secret == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"offers": "IMAP4rev1"},
        {"begins": "NO not now"},
        {"begins": "BAD what"},
        {"greeting": "* PREAUTH logged in already"},
        {"greeting": "* BYE too many connections"},
    ],
    ids=["offers none", "refuses", "knows it not", "says that we are in", "is full"],
)
def test_a_server_that_does_not_go_on_to_tls_is_told_nothing(wrong: dict[str, str]) -> None:
    with Upgrading(reply(), **wrong).serving() as server:  # type: ignore[arg-type]
        assert "LEADFLOW_MAILBOX__TLS" in refused(server)
    assert server.secret == []


def test_what_somebody_in_between_adds_before_tls_is_not_taken_for_an_answer() -> None:
    injected = b"* CAPABILITY IMAP4rev1 AUTH=LEAK\r\n* OK [UIDVALIDITY 999]\r\n"
    with Upgrading(reply(), injected=injected).serving() as server:
        try:
            with opened(server.mailbox()) as folder:
                assert folder.uid_validity == UID_VALIDITY
        except CannotRead:
            assert server.secret == [], "or it is not read at all"
    assert said(server.clear) == SAID_IN_THE_CLEAR
