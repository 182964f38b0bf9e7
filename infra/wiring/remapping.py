"""What a form sent, read anew by another mapping: the same submission, of the same delivery, sealed with the same key."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring, MissingKey
from infra.crypto.seal import Key, WrongKey
from infra.dead_letters.ports import Remapped
from infra.dead_letters.redriving import NotRedrivable
from infra.kafka.ports import Record
from producers.forms.adapters import adapter, parts_of
from producers.forms.labelled import Part
from producers.forms.limits import BadPayload
from producers.forms.payload import check
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import KINDS, Origin, person_of, received
from schemas.envelope import BadEnvelope, Envelope
from schemas.message import Sealed
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived

NOT_A_FORM: Final = "only what a form sent can be read anew by a mapping"
GONE: Final = "what its sender sent can't be opened any more"


class FormsRemap:
    """Implements infra.dead_letters.ports.Remap."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def __call__(self, record: Record, mapping: Mapping[str, str]) -> Remapped:
        """See the port."""
        submission_id, body = _form(record)
        key, person = await self._opened(submission_id, body)
        source = body["source"] if isinstance(body.get("source"), dict) else {}
        vendor, source_id = _text(source.get("vendor")) or "generic", _text(source.get("source_id"))
        delivery = _text(body.get("delivery"))
        if source_id is None or delivery is None:
            raise NotRedrivable("it does not say which source it is of, or of which delivery: send a patch")
        parsed = _read(vendor, person, mapping)
        origin = Origin(
            vendor,
            source_id,
            quiet=body.get("quiet") is True,
            open_answers=_open_answers(body),
            actor=_text(body.get("actor")),
        )
        sealed = key.seal(
            _json(person_of(parsed, person.raw, person.raw_content_type, person.custom)),
            submission_id.encode(),
        )
        message = received(parsed, origin, submission_id, delivery, sealed, self._keyring.hash)
        fields: dict[str, JsonValue] = parsed.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return Remapped(_json(message), fields | {"kind": parsed.kind})

    async def _opened(self, submission_id: str, body: dict[str, Any]) -> tuple[Key, SubmittedPerson]:
        personal = body.get("personal")
        if not isinstance(personal, str):
            raise NotRedrivable(GONE)
        sealed = Sealed(personal)
        try:
            key = await self._keyring.intake_of(sealed)
            person = None if key is None else open_person(key, sealed, submission_id, SubmittedPerson)
        except (ValueError, WrongKey, MissingKey, ValidationError):
            raise NotRedrivable(GONE) from None
        if key is None or person is None or not person.raw:
            raise NotRedrivable(GONE)
        return key, person


def _form(record: Record) -> tuple[str, dict[str, Any]]:
    try:
        envelope, body = Envelope.read(record.headers), orjson.loads(record.value)
    except (BadEnvelope, ValueError):
        raise NotRedrivable(NOT_A_FORM) from None
    if envelope.type != SubmissionReceived.TYPE or not isinstance(body, dict):
        raise NotRedrivable(NOT_A_FORM)
    # The envelope has it as it was accepted, whatever became of the body.
    return envelope.id, body


def _read(vendor: str, person: SubmittedPerson, mapping: Mapping[str, str]) -> ParsedSubmission:
    try:
        payload = _payload(person)
        splits = parts_of(vendor)
        parts = [Part(payload)] if splits is None else splits(payload, {})
    except BadPayload as bad:
        raise NotRedrivable(f"what its sender sent can't be read: {bad}") from None
    if len(parts) != 1:
        raise NotRedrivable("what its sender sent holds several submissions: send a patch")
    parsed = adapter(vendor).translate(parts[0].payload, mapping)
    if parsed.kind not in KINDS:
        # Not of its vendor's shape, or no longer: then whoever wrote the mapping knows better.
        parsed = adapter("generic").translate(parts[0].payload, mapping)
    if parts[0].event_id and "vendor_event_id" not in mapping:
        parsed = parsed.model_copy(update={"vendor_event_id": parts[0].event_id})
    if not (parsed.email or parsed.phone or parsed.name or parsed.happened):
        raise NotRedrivable("by this mapping it has neither an e-mail address nor a phone number nor a name")
    return parsed


def _payload(person: SubmittedPerson) -> Any:
    """What came, however it had to be written down. Raises BadPayload."""
    content_type = person.raw_content_type
    body = person.raw.encode()
    try:
        # A line of a file is kept as JSON, beneath the type of its file.
        return check(body, "application/json" if content_type == "text/csv" else content_type)
    except BadPayload:
        try:
            return check(base64.b64decode(person.raw, validate=True), content_type)
        except (binascii.Error, ValueError):
            pass
        raise


def _open_answers(body: dict[str, Any]) -> tuple[str, ...]:
    traits = body.get("traits")
    answers = traits.get("answers") if isinstance(traits, dict) else None
    return tuple(answers) if isinstance(answers, dict) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _json(value: Any) -> bytes:
    """As pydantic writes it."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:
        return to_json(value, inf_nan_mode="null")
