"""ParsedSubmission + source + ids -> SubmissionReceived and SubmittedPerson, as the JSON that they are published as. Pure.

Here a person is split in two: what identifies them goes into the part that is encrypted, and what deciders may know of them
(a hash, a mail domain, a country) into `traits`.

On the hot path a model would be built only to be written at once, and check what was checked before; so what is made here has
the models' fields in their order, and the tests hold it against them.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumber, region_code_for_number
from pydantic import JsonValue
from pydantic_core import to_json

from producers.forms.confirmation import told
from producers.forms.submission import ParsedSubmission
from schemas.activities import VISITOR_ID
from schemas.free_mail import FREE_MAIL_DOMAINS
from schemas.message import JsonObject, Sealed
from schemas.person import SubmissionKind

HashOf = Callable[[Literal["email", "phone", "delivery", "visitor"], str], str]
"""HMAC, hex, of a value of a kind."""

KINDS: Final[Mapping[str, SubmissionKind]] = {
    "lead": "lead",
    "lead_update": "lead",
    "lead_reference": "reference",
    "test_lead": "test",
    "spam": "spam",
    "communication_event": "event",
    "crm_change": "event",
}
"""`ignored` is no submission at all."""

VISITOR_FIELD: Final = "lf_visitor"
"""The hidden field that says whose browser it is, by the id that the tracking snippet gave it."""

_PERSONAL: Final = ("email", "name", "first_name", "last_name", "phone", "page_url")
_CALLING_CODE_DIGITS_MAX = 3
_REGION_DIGITS = 7
# Open answers are facts for ever, so one answer can't be a letter.
OPEN_ANSWER_CHARACTERS_MAX: Final = 200


class Origin(NamedTuple):
    """Whose submission this is and what its source says of it.

    Attributes:
        open_answers: questions whose answers deciders may see, being not personal.
        actor: who sent it through the API; None for forms.
        confirmed_as: words that were agreed to in its form, and count only once they are confirmed by mail; None: at once.
    """

    vendor: str
    source_id: str
    quiet: bool = False
    open_answers: Collection[str] = ()
    actor: str | None = None
    confirmed_as: str | None = None


def delivery_of(hashed: HashOf, source_id: str, vendor_event_id: str | None, payload: Any) -> str:
    """What a repeat of this delivery has too: the vendor's own id, else the content, in whatever order it is sent."""
    if vendor_event_id:
        return hashed("delivery", f"{source_id}|id|{vendor_event_id}")
    content = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS).decode()
    return hashed("delivery", f"{source_id}|content|{content}")


def received(
    parsed: ParsedSubmission, origin: Origin, submission_id: str, delivery: str, personal: Sealed, hashed: HashOf
) -> JsonObject:
    """A SubmissionReceived; `personal` is the sealed `person_of`."""
    address = parsed.email if parsed.happened is None else parsed.happened.recipient
    email = normal_email(address)
    known = traits(parsed, email, origin.open_answers, hashed)
    consent, consents, unconfirmed = told(parsed, origin.confirmed_as, email)
    return {
        "lead": None,
        "personal": personal,
        "submission_id": submission_id,
        "delivery": delivery,
        # The identifier that is claimed: what is kept of a person is found by it when they are forgotten.
        "identity": known["email_hash"] or known["phone_hash"] or delivery,
        "kind": KINDS[parsed.kind],
        "source": {
            "vendor": parsed.source or origin.vendor,
            "source_id": origin.source_id,
            "form_id": parsed.form_id,
            "form_name": parsed.form_name,
        },
        "campaign": parsed.campaign,
        "consent": consent,
        "consents": consents,
        "traits": known,
        "quiet": origin.quiet or parsed.kind == "lead_update",
        "submitted_at": parsed.submitted_at,
        "actor": origin.actor,
        "visitor": _visitor(parsed.answers, hashed),
        "unconfirmed": unconfirmed,
    }


def person_of(
    parsed: ParsedSubmission, raw: str, raw_content_type: str, custom: Mapping[str, JsonValue] | None = None
) -> JsonObject:
    """Everything that identifies someone: a SubmittedPerson without its defaults."""
    said = {
        "email": parsed.email,
        "name": parsed.name,
        "first_name": parsed.first_name,
        "last_name": parsed.last_name,
        "phone": parsed.phone,
        "phone_e164": parsed.phone_e164,
        "answers": _answered(parsed.answers) or None,
        "page_url": parsed.page_url,
        "custom": custom or None,
        "raw": raw or None,
        "raw_content_type": raw_content_type or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def traits(parsed: ParsedSubmission, email: str | None, open_answers: Collection[str], hashed: HashOf) -> JsonObject:
    """What may be said of someone without saying who they are: Traits. `email` is normalised."""
    domain = None if email is None else email.rpartition("@")[2] or None
    phone = parsed.phone_e164
    return {
        "email_hash": None if email is None else hashed("email", email),
        "phone_hash": None if phone is None else hashed("phone", phone),
        "mail_domain": domain,
        "free_mail": domain in FREE_MAIL_DOMAINS,
        "phone_country": None if phone is None else country_of(phone),
        "company": parsed.company,
        "answers": {
            question: answer
            for question, answer in parsed.answers.items()
            if question in open_answers and len(str(answer)) <= OPEN_ANSWER_CHARACTERS_MAX and not tells_visitor(question)
        },
        "filled": [name for name in _PERSONAL if getattr(parsed, name)],
    }


def _answered(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a person answered."""
    hidden = [question for question in answers if question.endswith(VISITOR_FIELD) and tells_visitor(question)]
    return {question: answer for question, answer in answers.items() if question not in hidden} if hidden else answers


def _visitor(answers: Mapping[str, Any], hashed: HashOf) -> str | None:
    """HMAC of the browser's id. Whoever has none, or makes one up, is nobody's visitor."""
    for question, answer in answers.items():
        if (
            question.endswith(VISITOR_FIELD)
            and tells_visitor(question)
            and isinstance(answer, str)
            and VISITOR_ID.fullmatch(answer)
        ):
            return hashed("visitor", answer)
    return None


def tells_visitor(question: str) -> bool:
    """Whether no person answered it, so that it is no answer."""
    return question.rpartition(".")[2] == VISITOR_FIELD


def written(value: Any) -> bytes:
    """JSON as pydantic writes it."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:
        # An integer beyond 64 bits, which the API may bring.
        return to_json(value, inf_nan_mode="null")


def normal_email(email: str | None) -> str | None:
    """The spelling that is hashed."""
    return email.strip().lower() if email and email.strip() else None


def country_of(phone_e164: str) -> str | None:
    """ISO 3166 alpha-2 of a number; None where it belongs to no country.

    Several countries share a calling code (+1, +44, +7 ...), and the digits after it tell them apart; the first seven
    always do, so that the library, which takes its time, is asked once for each.
    """
    digits = phone_e164.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return None
    for length in range(1, _CALLING_CODE_DIGITS_MAX + 1):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]))
        if regions is not None:
            return _known(regions[0]) if len(regions) == 1 else _shared(digits[:length], digits[length:])
    return None


def _shared(calling_code: str, national: str) -> str | None:
    return _country(calling_code, national[:_REGION_DIGITS], len(national), national[:1] == "0")


@lru_cache(maxsize=50_000)
def _country(calling_code: str, head: str, length: int, zero: bool) -> str | None:
    # Digits after the head don't change the country, so any will do.
    national = int((head + "2345678901234"[: max(0, length - len(head))]) or "0")
    return _known(region_code_for_number(PhoneNumber(int(calling_code), national, italian_leading_zero=zero or None)))


def _known(region: str | None) -> str | None:
    # 001 stands for numbers of no country (satellite, free-phone).
    return None if region == "001" else region
