"""A dead letter's record for people's eyes: its body, and what the sender sent where that can still be opened."""

from typing import Any, Final

import orjson
from pydantic import ValidationError

from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring, MissingKey
from infra.crypto.seal import WrongKey
from infra.kafka.ports import Record
from schemas.envelope import BadEnvelope, Envelope
from schemas.message import Sealed
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived

BODY_CHARACTERS_MAX: Final = 2_000_000


async def opened(keyring: Keyring, record: Record, *, whole: bool) -> dict[str, Any]:
    """`headers`, `body`, `raw` and `raw_content_type`. What nobody sealed is shown to those alone who may see the whole."""
    raw, content_type = await _raw(keyring, record) if whole else (None, None)
    return {
        "headers": {name: value.decode("utf-8", "replace") for name, value in record.headers},
        "body": _body(record.value, whole=whole),
        "raw": raw,
        "raw_content_type": content_type,
    }


def _body(value: bytes, *, whole: bool) -> Any:
    """A body that can't be read may have a person's data anywhere, so it is for those who may see the whole."""
    try:
        return orjson.loads(value)
    except ValueError:
        return value.decode("utf-8", "replace")[:BODY_CHARACTERS_MAX] if whole else None


async def _raw(keyring: Keyring, record: Record) -> tuple[str | None, str | None]:
    try:
        envelope, body = Envelope.read(record.headers), orjson.loads(record.value)
        if envelope.type != SubmissionReceived.TYPE or not isinstance(body, dict) or not isinstance(body.get("personal"), str):
            return None, None
        sealed = Sealed(body["personal"])
        key = await keyring.intake_of(sealed)
        if key is None:
            return None, None
        person = open_person(key, sealed, envelope.id, SubmittedPerson)
    except (BadEnvelope, ValueError, WrongKey, MissingKey, ValidationError):
        return None, None
    return person.raw, person.raw_content_type
