"""Caught mails: one .eml file each, the newest MAILS_MAX of them."""

import email.policy
import re
import threading
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Final

MAILS_MAX: Final = 2000
TEXT_CHARACTERS_MAX: Final = 200_000
MAIL_ID: Final = re.compile(r"\d{20}-\d{4}")

ENVELOPE_FROM: Final = "X-Envelope-From"
ENVELOPE_TO: Final = "X-Envelope-To"


@dataclass(frozen=True)
class Mail:
    """A caught mail, decoded. `to` is who it was delivered to, whatever its To header says."""

    id: str
    sender: str
    to: str
    subject: str
    date: str
    message_id: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """As `/messages.json` shows it."""
        values = asdict(self)
        return {"id": values.pop("id"), "from": values.pop("sender"), **values}


def parse(mail_id: str, raw: bytes) -> Mail:
    """Decode what can be decoded; a broken mail is shown as far as it goes."""
    message = message_from_bytes(raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the default policy makes EmailMessage")
    headers = {name: _safely_text(message, name) for name in dict.fromkeys(message.keys())}
    return Mail(
        id=mail_id,
        sender=headers.get("From") or headers.get(ENVELOPE_FROM, ""),
        to=headers.get(ENVELOPE_TO) or headers.get("To", ""),
        subject=headers.get("Subject", ""),
        date=headers.get("Date", ""),
        message_id=headers.get("Message-ID") or headers.get("Message-Id", ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=headers,
    )


def _safely_text(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name])
    except Exception:  # the parser raises many kinds on hostile headers
        return "(unreadable)"


def _body(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body(preferencelist=(kind,))
        content = part.get_content() if part is not None else ""
        return str(content)[:TEXT_CHARACTERS_MAX]
    except Exception:  # unknown charset, broken encoding
        return "(unreadable)"


class MailStore:
    """The folder of caught mails. Called from the SMTP server's and the page's threads."""

    def __init__(self, folder: Path, mails_max: int = MAILS_MAX) -> None:
        self._folder = folder
        self._mails_max = mails_max
        self._lock = threading.Lock()
        self._mails: OrderedDict[str, Mail] = OrderedDict()  # oldest first
        self._counter = 0
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.new"):
            path.unlink()
        paths = sorted(path for path in folder.glob("*.eml") if MAIL_ID.fullmatch(path.stem))
        for path in paths[:-mails_max]:
            path.unlink()
        for path in paths[-mails_max:]:
            self._mails[path.stem] = parse(path.stem, path.read_bytes())

    def add(self, raw: bytes, envelope_from: str, envelope_to: list[str]) -> str:
        """Keep a mail; its id, later mails having greater ones. The file is complete when this returns."""
        head = f"{ENVELOPE_FROM}: {_one_line(envelope_from)}\r\n{ENVELOPE_TO}: {_one_line(', '.join(envelope_to))}\r\n"
        raw = head.encode() + raw
        with self._lock:
            self._counter = (self._counter + 1) % 10_000
            mail_id = f"{time.time_ns():020d}-{self._counter:04d}"
            path = self.path(mail_id)
            new = path.with_suffix(".new")
            new.write_bytes(raw)
            new.replace(path)
            self._mails[mail_id] = parse(mail_id, raw)
            while len(self._mails) > self._mails_max:
                oldest, _ = self._mails.popitem(last=False)
                self.path(oldest).unlink(missing_ok=True)
        return mail_id

    def newest(self, to: str = "", limit: int = MAILS_MAX) -> list[Mail]:
        """Newest first; only those to an address, if one is given."""
        with self._lock:
            mails = list(reversed(self._mails.values()))
        wanted = to.casefold()
        return [mail for mail in mails if wanted in mail.to.casefold()][:limit]

    def get(self, mail_id: str) -> Mail | None:
        """One mail, if it is still here."""
        with self._lock:
            return self._mails.get(mail_id)

    def path(self, mail_id: str) -> Path:
        """The mail's file. The id must be one of ours: it becomes part of a path."""
        if not MAIL_ID.fullmatch(mail_id):
            raise ValueError("not a mail id")
        return self._folder / f"{mail_id}.eml"


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
