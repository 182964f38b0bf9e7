"""The bytes of a mail, perhaps only its beginning -> what of it counts. Pure, and total: whatever the bytes are, it answers.

Everybody can send us mail, so nothing here takes more than linear time, and all that comes out is bounded.
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Final

from producers.mailbox.quoting import without_quotes
from producers.mailbox.reports import Bounce, bounces_of

HEADER_CHARACTERS_MAX: Final = 4_000
SUBJECT_CHARACTERS_MAX: Final = 500
NAME_CHARACTERS_MAX: Final = 200
ADDRESS_CHARACTERS_MAX: Final = 254
TEXT_CHARACTERS_MAX: Final = 10_000
HTML_CHARACTERS_MAX: Final = 65_536
PARTS_MAX: Final = 100
REFERENCES_MAX: Final = 100
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,400}>")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,190}")
_AUTOMATIC_HEADERS: Final = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply")
_AUTOMATIC_PRECEDENCE: Final = frozenset({"auto_reply", "bulk", "junk", "list"})
_AUTOMATIC_SUBJECT = re.compile(
    r"\s*((auto(matic|matische|mated)?[ -]?(reply|response|antwort))|out[ -]of[ -](the[ -])?office|abwesenheit|abwesend"
    r"|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|automatisch antwoord)",
    re.IGNORECASE,
)
_UNSUBSCRIBE: Final = frozenset({"unsubscribe", "unsubscribe me", "please unsubscribe", "please unsubscribe me"})
"""What our mails ask for who wants to hear no more; nothing that a sentence may hold by chance."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail.

    Attributes:
        id: its Message-ID, else a digest of what is known of it: the same whenever it is read again.
        sender, name: whom it says it is from; None where that can't be told.
        about: Message-IDs of those that it answers, the nearest first.
        automatic: no person wrote it.
        text: what was written, without what it quotes.
        attachments: how many; none is kept.
        bounces: what it reports of deliveries; such a mail is no reply.
    """

    id: str
    sender: str | None
    name: str | None
    subject: str | None
    about: tuple[str, ...]
    automatic: bool
    text: str
    attachments: int
    bounces: tuple[Bounce, ...]

    @property
    def unsubscribes(self) -> bool:
        """Whether its writer says what our mails tell them to say who want no more."""
        said = self.text.strip().strip(".!").casefold()
        subject = (self.subject or "").strip().strip(".!").casefold()
        return not self.automatic and (said in _UNSUBSCRIBE or (not said and subject in _UNSUBSCRIBE))


def read(raw: bytes) -> Mail:
    """What of a mail counts."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    sender, name = _sender(message)
    text, attachments = _text(message)
    ids = _MESSAGE_ID.findall(_header(message, "message-id"))
    digest = hashlib.blake2b(raw, digest_size=20).hexdigest()
    return Mail(
        id=ids[0] if ids else f"<{digest}>",
        sender=sender,
        name=name,
        subject=_decoded(_header(message, "subject"))[:SUBJECT_CHARACTERS_MAX] or None,
        about=_about(message),
        automatic=_automatic(message),
        text=without_quotes(text)[:TEXT_CHARACTERS_MAX],
        attachments=attachments,
        bounces=bounces_of(message),
    )


def _header(message: Message, name: str) -> str:
    """As it stands there, on one line; empty where it is missing."""
    try:
        found = message.get(name, "")
    except (MessageError, ValueError, LookupError):
        return ""
    return " ".join(str(found)[:HEADER_CHARACTERS_MAX].split())


def _decoded(value: str) -> str:
    """Encoded words in plain text; what can't be decoded stays as it is."""
    try:
        text = str(make_header(decode_header(value)))
    except (MessageError, ValueError, LookupError):
        text = value
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    """What PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _sender(message: Message) -> tuple[str | None, str | None]:
    """The first address of From that is one."""
    for name, address in getaddresses([_header(message, "from")])[:5]:
        if len(address) <= ADDRESS_CHARACTERS_MAX and _ADDRESS.fullmatch(address):
            return _clean(address), _decoded(name)[:NAME_CHARACTERS_MAX] or None
    return None, None


def _about(message: Message) -> tuple[str, ...]:
    nearest_first = [
        *_MESSAGE_ID.findall(_header(message, "in-reply-to")),
        *reversed(_MESSAGE_ID.findall(_header(message, "references"))),
    ]
    return tuple(dict.fromkeys(nearest_first))[:REFERENCES_MAX]


def _automatic(message: Message) -> bool:
    """RFC 3834, and what was done before and beside it."""
    submitted = _header(message, "auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(name in message for name in _AUTOMATIC_HEADERS):
        return True
    if _header(message, "precedence").lower() in _AUTOMATIC_PRECEDENCE:
        return True
    return _header(message, "return-path") == "<>" or bool(_AUTOMATIC_SUBJECT.match(_decoded(_header(message, "subject"))))


def _text(message: Message) -> tuple[str, int]:
    """The plain text, else what the HTML says, and how many attachments there are."""
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for part in _parts(message):
        if part.is_multipart():
            continue
        if part.get_filename() or part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
            attachments += 1
        elif part.get_content_subtype() == "html":
            html.append(_content(part))
        else:
            plain.append(_content(part))
    text = "\n".join(plain)
    return (text if text.strip() else _said("\n".join(html)[:HTML_CHARACTERS_MAX])), attachments


def _parts(message: Message) -> Iterator[Message]:
    """Those of the mail itself, at most PARTS_MAX; mails within it are somebody else's words."""
    waiting, seen = [message], 0
    while waiting and seen < PARTS_MAX:
        part = waiting.pop()
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed([one for one in part.get_payload() if isinstance(one, Message)]))


def _content(part: Message) -> str:
    """Its text, whatever it claims to be written in."""
    try:
        raw = part.get_payload(decode=True)
    except (MessageError, ValueError, LookupError):
        raw = None
    if not isinstance(raw, bytes):
        return ""
    for charset in (part.get_content_charset() or "utf-8", "utf-8", "latin-1"):
        try:
            return _clean(raw.decode(charset))
        except (UnicodeError, LookupError, ValueError):
            continue
    return ""


class _Words(HTMLParser):
    """What a page says to people. `blockquote` is where programs put what they quote."""

    _SILENT: Final = frozenset({"script", "style", "head", "title", "blockquote"})
    _BREAKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quotes = tag == "div" and "gmail_quote" in (dict(attrs).get("class") or "")
        within = tag == "div" and self._silent[-1:] == ["div"]
        if tag in self._SILENT or quotes or within:
            self._silent.append(tag)
        if tag in self._BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag in self._BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def _said(html: str) -> str:
    reader = _Words()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # what the parser says of some broken declarations
        return ""
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return "\n".join(line for line in lines if line)
