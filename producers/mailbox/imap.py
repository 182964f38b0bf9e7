"""A folder of an IMAP server, read and never changed: opened with EXAMINE, and mails are peeked at, so none becomes read.

The standard library's client, because it is kept with Python and has no dependencies (aioimaplib is GPL). It blocks, so
everything here runs in a thread; each answer is waited for as long as the settings say, and none may be larger than we asked for.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from infra.settings import Mailbox
from infra.tls.contexts import context_of

BODY_BYTES_MAX: Final = 256 * 1024
"""Of a mail so much is fetched: its headers and, before any attachment, its text."""
LITERAL_BYTES_MAX: Final = 4 * BODY_BYTES_MAX
UIDS_AT_ONCE: Final = 1_000
_UID = re.compile(rb"\bUID (\d+)")
_RECEIVED = re.compile(rb'INTERNALDATE "([^"]{1,40})"')

UNREACHABLE: Final[tuple[type[Exception], ...]] = (imaplib.IMAP4.error, OSError)
"""What reading raises where the server is away, refuses, or doesn't speak IMAP; TLS errors are OSErrors."""


class CannotRead(Exception):
    """The mailbox can't be opened; names the settings that are to be looked at, and quotes nothing that the server said."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail, or its first BODY_BYTES_MAX."""

    uid: int
    received_at: datetime
    raw: bytes


class _Bounded:
    """Whoever is at the other end, no answer fills the memory."""

    def read(self, size: int) -> bytes:
        """A literal, of the length that the server has named."""
        if size > LITERAL_BYTES_MAX:
            raise imaplib.IMAP4.abort(f"an answer of {size} bytes")
        found: bytes = super().read(size)  # type: ignore[misc]  # imaplib's, behind this class
        return found


class _Implicit(_Bounded, imaplib.IMAP4_SSL):
    """TLS from the first byte."""


class _Starting(_Bounded, imaplib.IMAP4):
    """TLS once it is asked for, before anything else is said."""


class Folder:
    """An opened folder. `uid_validity` says for how long its UIDs mean the same mails."""

    def __init__(self, client: imaplib.IMAP4, name: str) -> None:
        """Raises UNREACHABLE."""
        self._client = client
        _good(client.select(_quoted(name), readonly=True), "EXAMINE")
        self.uid_validity = self._told("UIDVALIDITY")
        self.uid_next = self._told("UIDNEXT")

    def since(self, day: date) -> int:
        """The first UID of those that came on that day or later; the next one to come where there is none."""
        found = self._search("SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")
        return min(found, default=self.uid_next)

    def uids(self, first: int, limit: int) -> tuple[list[int], int]:
        """UIDs from `first` on, at most `limit`, and the UID up to which there are no others."""
        while first < self.uid_next:
            last = min(first + UIDS_AT_ONCE, self.uid_next) - 1
            # A server answers `UID 9:5` with mail 9's neighbour, so what is out of range is dropped.
            found = sorted(uid for uid in self._search("UID", f"{first}:{last}") if first <= uid <= last)
            if len(found) > limit:
                return found[:limit], found[limit - 1]
            if found:
                return found, last
            first = last + 1
        return [], self.uid_next - 1

    def fetch(self, uid: int) -> Fetched | None:
        """None where it is gone. Raises UNREACHABLE."""
        parts = f"(UID INTERNALDATE BODY.PEEK[]<0.{BODY_BYTES_MAX}>)"
        answer = _good(self._client.uid("FETCH", str(uid), parts), "FETCH")
        told, raw = b"", b""
        for piece in answer:
            if isinstance(piece, tuple):
                told, raw = told + piece[0], piece[1]
            elif piece is not None:
                told += b" " + piece
        found = _UID.search(told)
        return Fetched(uid, _received(told), raw) if found is not None and int(found[1]) == uid else None

    def _search(self, *criteria: str) -> list[int]:
        answer = _good(self._client.uid("SEARCH", *criteria), "SEARCH")
        return [int(uid) for line in answer if isinstance(line, bytes) for uid in line.split() if uid.isdigit()]

    def _told(self, name: str) -> int:
        _, answer = self._client.response(name)
        text = answer[0] if answer else None
        if not isinstance(text, bytes) or not text.isdigit():
            raise imaplib.IMAP4.error(f"the server told no {name}")
        return int(text)


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[Folder]:
    """The folder that settings name. Raises CannotRead, and BadSettings for certificates."""
    context = context_of(mailbox, "MAILBOX")
    with _naming("HOST", "PORT", "TLS", "CA", said="no IMAP server answers there"):
        client = _connect(mailbox, context)
    try:
        password = "" if mailbox.password is None else mailbox.password.get_secret_value()
        with _naming("USERNAME", "PASSWORD", said="the server lets nobody in with them"):
            _good(client.login(mailbox.username or "", password), "LOGIN")
        with _naming("FOLDER", said="the server opens no such folder"):
            folder = Folder(client, mailbox.folder)
        yield folder
    finally:
        with suppress(*UNREACHABLE):
            client.logout()


@contextmanager
def _naming(*variables: str, said: str) -> Iterator[None]:
    try:
        yield
    except UNREACHABLE as away:
        names = ", ".join(f"LEADFLOW_MAILBOX__{name}" for name in variables)
        raise CannotRead(f"{names}: {said} ({type(away).__name__})") from away


def _connect(mailbox: Mailbox, context: ssl.SSLContext) -> imaplib.IMAP4:
    host, seconds = mailbox.host or "", mailbox.timeout_seconds
    if mailbox.tls == "implicit":
        return _Implicit(host, mailbox.port, ssl_context=context, timeout=seconds)
    client = _Starting(host, mailbox.port, timeout=seconds)
    try:
        client.starttls(ssl_context=context)
    except BaseException:
        with suppress(OSError):  # what failed in between has closed it: that is what is to be told
            client.shutdown()
        raise
    return client


def _good(answer: tuple[str, Any], command: str) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{command} was answered with {status}")
    found: list[Any] = data
    return found


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _received(told: bytes) -> datetime:
    """When the server got it; now, where it doesn't say so in the way it should."""
    found = _RECEIVED.search(told)
    try:
        # By hand: what strptime takes for a month depends on the locale.
        day, month, rest = (found[1] if found else b"").decode("ascii").strip().split("-", 2)
        year, clock, zone = rest.split(" ")
        number = _MONTHS.index(month.title()) + 1
        return datetime.fromisoformat(f"{year}-{number:02}-{int(day):02}T{clock}{zone[:3]}:{zone[3:]}").astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
