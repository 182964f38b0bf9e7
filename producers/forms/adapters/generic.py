"""Any form tool -> ParsedSubmission: finds what it can by name, label, type and shape, and keeps the rest as answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.reading import envelope, people, shapes
from producers.forms.reading.consents import take_consents
from producers.forms.reading.fields import question_of
from producers.forms.reading.paths import Path, find
from producers.forms.reading.sheet import Entry, Sheet, entries
from producers.forms.submission import ParsedSubmission

VENDORS = ("generic", "generic_form", "custom")

_TEXTS = ("name", "first_name", "last_name", "company", "form_id", "form_name", "page_url", "vendor_event_id")
_TARGET_CHARACTERS_SHOWN = 50
_GROUPS = ("answers", "campaign", "consents")
TARGETS = (
    *("email", "phone", "phone_e164", "country", "consent", "submitted_at", "honeypot", *_TEXTS),
    *(f"{group}.<name>" for group in _GROUPS),
)
"""What a mapping may say where to find."""


def sensible(mapping: dict[str, str]) -> dict[str, str]:
    """The mapping. Raises ValueError for a target that is none or a path that is empty: nobody would see what was meant."""
    for target, path in mapping.items():
        group, _, name = target.partition(".")
        if target not in TARGETS and not (group in _GROUPS and name):
            raise ValueError(f"{target[:_TARGET_CHARACTERS_SHOWN]!r} can't be mapped, only {', '.join(TARGETS)}")
        if not path.strip():
            raise ValueError(f"{target!r} has no path")
    return mapping


def translate(payload: Any, mapping: Mapping[str, str], known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Read any payload.

    `mapping` (target -> path) beats every guess: a path that leads nowhere leaves its target None. Targets are the
    fields of ParsedSubmission, `campaign.<parameter>`, `consents.<purpose>`, `answers.<question>`, and `honeypot`
    (filled = spam) and `country` (of the phone number).
    """
    return understand(entries(payload) if known is None else known, payload, mapping, {})


def readable(payload: Any) -> Any:
    """All of it."""
    return payload


def beside(_payload: Any) -> Any:
    """Nothing else."""
    return {}


def understand(found: Sequence[Entry], payload: Any, mapping: Mapping[str, str], stated: Mapping[str, Any]) -> ParsedSubmission:
    """Read `found`, the entries of that part of the payload that holds answers.

    `stated` is what an adapter knows better than any guess; the mapping, whose paths are the payload's, beats both.
    """
    mapped = _Mapped(payload, mapping)
    sheet = Sheet(found, mapped.places)
    # What is mapped is not guessed, so that the guess stays an answer.
    email, person = people.take_email(sheet) if "email" not in mapping else (None, mapped.person)
    phone, phone_e164, place = people.take_phone(sheet, person) if "phone" not in mapping else (None, None, ())
    if email is None and "email" not in mapping:
        person = place
    kind = envelope.take_kind(sheet, person_known=bool(email or phone))
    page_url = envelope.take_page(sheet)
    campaign = envelope.take_campaign(sheet, mapped.texts.get("page_url", page_url))
    form_id, form_name = envelope.take_form(sheet)
    event_id = envelope.take_event_id(sheet)
    consent, consents = take_consents(sheet)
    nobody = email is None and "email" not in mapping
    company = people.take_company(sheet, person, of_nobody=nobody) if "company" not in mapping else None
    called = people.take_names(sheet, person, mapping.keys())
    guessed: dict[str, Any] = {
        "kind": kind,
        "vendor_event_id": event_id,
        "email": email,
        "name": called.name,
        "first_name": called.first_name,
        "last_name": called.last_name,
        "phone": phone,
        "phone_e164": phone_e164,
        "company": company,
        "form_id": form_id,
        "form_name": form_name or envelope.take_form_named_outside(sheet, person),
        "campaign": campaign,
        "consent": consent,
        "consents": consents,
        "page_url": page_url,
        "submitted_at": envelope.take_submitted_at(sheet, person),
    }
    guessed["answers"] = answers(sheet, person)
    guessed |= stated
    return ParsedSubmission.model_validate(mapped.over(guessed, sheet) if mapping else guessed)


def answers(sheet: Sheet, person: Path) -> dict[str, Any]:
    """Whatever is left, by question text, else by field name (with the object it belongs to); blanks are no answers."""
    found: dict[str, Any] = {}
    for entry in sheet:
        field, value = entry.field, entry.field.value
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            continue
        if entry.means.technical or envelope.is_envelope(entry, person):
            continue
        question = question_of(field)
        if question not in found:
            found[question] = value
        elif found[question] != value:
            before = found[question]
            found[question] = [*before, value] if isinstance(before, list) else [before, value]
    return found


class _Mapped:
    """What the mapping says, read from the payload."""

    def __init__(self, payload: Any, mapping: Mapping[str, str]) -> None:
        self.values: dict[str, Any] = {}
        self.places: list[Path] = []
        self.person: Path = ()
        for target, path in mapping.items():
            found = find(payload, path)
            value = None if found is None else found[1]
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            self.values[target] = value
            # A wrong e-mail address stays among the answers.
            if found is not None and not (target == "email" and self._email() is None):
                self.places.append(found[0])
            if target == "email" and found is not None:
                self.person = found[0][:-1]
        self.texts = {key: text for key, value in self.values.items() if (text := shapes.plain(value)) is not None}

    def _email(self) -> str | None:
        value = self.values.get("email")
        return shapes.email(value, named=True) if isinstance(value, str) else None

    def over(self, guessed: dict[str, Any], sheet: Sheet) -> dict[str, Any]:
        """The guesses with everything replaced that is mapped."""
        result = {**guessed, **{name: self.texts.get(name) for name in _TEXTS if name in self.values}}
        if "email" in self.values:
            result["email"] = self._email()
        if "phone" in self.values or "country" in self.values:
            region = shapes.region_of(self.texts.get("country", "")) or people.region(sheet)
            result["phone"] = shapes.phone(self.values["phone"]) if "phone" in self.values else guessed["phone"]
            result["phone_e164"] = shapes.e164(result["phone"], region) if result["phone"] else None
        if "phone_e164" in self.values:
            result["phone_e164"] = shapes.e164(self.texts.get("phone_e164", ""), None)
        if "consent" in self.values:
            result["consent"] = shapes.yes_or_no(self.values["consent"])
        if "submitted_at" in self.values:
            result["submitted_at"] = shapes.moment(self.values["submitted_at"])
        if "name" not in self.values and self.values.keys() & {"first_name", "last_name"}:
            parts = (result["first_name"], result["last_name"])
            result["name"] = " ".join(part for part in parts if part) or None
        if "honeypot" in self.values and envelope.filled(self.values["honeypot"]):
            result["kind"] = "spam"
        self._groups(result)
        return result

    def _groups(self, result: dict[str, Any]) -> None:
        for target, value in self.values.items():
            group, _, name = target.partition(".")
            if group == "campaign" and name:
                result["campaign"].pop(name, None)
                if target in self.texts:
                    result["campaign"][name] = self.texts[target]
            elif group == "consents" and name and (given := shapes.yes_or_no(value)) is not None:
                result["consents"][name] = given
            elif group == "answers" and name and value not in (None, "", []):
                result["answers"][name] = value
