"""What the form tools send for a visitor: bodies as they would come over the wire.

A demo request made with Typeform (JSON), the contact form of the website (form-encoded), and sign-ups for webinars and the
newsletter from a home-made form server (JSON).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

import orjson

from infra.demo import world
from infra.demo.visitors import Visitor

Form = Literal["demo", "contact", "webinar", "newsletter"]
Vendor = Literal["typeform", "generic"]

VENDORS: Final[Mapping[Form, Vendor]] = {"demo": "typeform", "contact": "generic", "webinar": "generic", "newsletter": "generic"}

OPEN_ANSWERS: Final = (
    "How many people work in your team?",
    "team_size",
    "What are you interested in?",
    "interest",
    "department",
    "How soon do you need it?",
    "timeframe",
    "Job title",
    "job_title",
)
"""Questions whose answers aren't personal, so that scoring and routing may see them."""

_DEMO_FORM_ID = "Qy7demo1"
_FIELDS: Final = (
    ("first_name", "short_text", "First name"),
    ("last_name", "short_text", "Last name"),
    ("work_email", "email", "Work email"),
    ("phone", "phone_number", "Phone number"),
    ("company", "short_text", "Company"),
    ("job_title", "short_text", "Job title"),
    ("team_size", "dropdown", "How many people work in your team?"),
    ("interests", "multiple_choice", "What are you interested in?"),
    ("timeframe", "dropdown", "How soon do you need it?"),
    ("message", "long_text", "Anything we should know?"),
    ("consent", "legal", "I agree to be contacted about this request"),
)


class Body(NamedTuple):
    """One request's body."""

    content_type: str
    content: bytes


def fill_in(form: Form, visitor: Visitor, event_id: str, at: datetime, mark: Literal["test", "spam"] | None = None) -> Body:
    """`form`, filled in by `visitor` at `at` (aware). `mark` only where the form can say so: webinar and newsletter."""
    if form == "demo":
        return _typeform(visitor, event_id, at)
    if form == "contact":
        return _contact(visitor, event_id, at)
    return _signup(form, visitor, event_id, at, mark)


def event_id(*parts: str | int) -> str:
    """The sender's id of a submission: the same for the same parts."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=13).hexdigest().upper()


def _typeform(visitor: Visitor, id_: str, at: datetime) -> Body:
    firm = visitor.company
    given: dict[str, Any] = {
        "first_name": visitor.first_name,
        "last_name": visitor.last_name,
        "work_email": visitor.email,
        "phone": visitor.phone,
        "company": firm.name if firm is not None else None,
        "job_title": visitor.title,
        "team_size": firm.team_size if firm is not None else None,
        "interests": [visitor.interest],
        "timeframe": visitor.timeframe,
        "message": visitor.message,
        "consent": visitor.consent,
    }
    stamp = _iso(at)
    body = {
        "event_id": id_,
        "event_type": "form_response",
        "form_response": {
            "form_id": _DEMO_FORM_ID,
            "token": id_.lower(),
            "landed_at": stamp,
            "submitted_at": stamp,
            "hidden": visitor.campaign,
            "definition": {
                "id": _DEMO_FORM_ID,
                "title": "Request a demo",
                "fields": [
                    {"id": _field_id(ref), "ref": ref, "type": type_, "title": title, "properties": {}}
                    for ref, type_, title in _FIELDS
                ],
            },
            "answers": [_answer(ref, type_, given[ref]) for ref, type_, _ in _FIELDS if given[ref] is not None],
        },
    }
    return Body("application/json", orjson.dumps(body))


def _answer(ref: str, type_: str, value: Any) -> dict[str, Any]:
    field = {"id": _field_id(ref), "type": type_, "ref": ref}
    match type_:
        case "email":
            return {"type": "email", "email": value, "field": field}
        case "phone_number":
            return {"type": "phone_number", "phone_number": value.replace(" ", ""), "field": field}
        case "dropdown":
            return {"type": "choice", "choice": {"id": _field_id(value), "ref": value, "label": value}, "field": field}
        case "multiple_choice":
            choices = {"ids": [_field_id(choice) for choice in value], "refs": value, "labels": value}
            return {"type": "choices", "choices": choices, "field": field}
        case "legal":
            return {"type": "boolean", "boolean": value, "field": field}
    return {"type": "text", "text": value, "field": field}


def _field_id(ref: str) -> str:
    return hashlib.blake2b(ref.encode(), digest_size=6).hexdigest()


def _contact(visitor: Visitor, id_: str, at: datetime) -> Body:
    page = f"{world.PRODUCT_SITE}/contact"
    fields = {
        "form_name": "Contact",
        "name": visitor.name,
        "email": visitor.email,
        "phone": visitor.phone or "",
        "company": visitor.company.name if visitor.company is not None else "",
        "department": "Sales",
        "message": visitor.message,
        **({} if visitor.consent is None else {"consent": "yes" if visitor.consent else "no"}),
        "page_url": f"{page}?{urlencode(visitor.campaign)}" if visitor.campaign else page,
        "submission_id": id_,
        "submitted_at": _iso(at),
        "_gotcha": "",
    }
    return Body("application/x-www-form-urlencoded", urlencode(fields).encode())


def _signup(form: Form, visitor: Visitor, id_: str, at: datetime, mark: Literal["test", "spam"] | None) -> Body:
    body: dict[str, Any] = {
        "submission_id": id_,
        "submitted_at": _iso(at),
        "form": {"id": form, "name": "Webinar: customs without paper" if form == "webinar" else "Newsletter"},
        "contact": {"email": visitor.email},
        "campaign": visitor.campaign,
    }
    if form == "webinar":
        firm = visitor.company
        body["contact"] |= {"first_name": visitor.first_name, "last_name": visitor.last_name}
        body["contact"] |= {} if firm is None else {"company": firm.name}
        body["answers"] = {"job_title": visitor.title, "interest": visitor.interest}
        body["answers"] |= {} if firm is None else {"team_size": firm.team_size}
    if visitor.consent is not None:
        body["consents"] = {"contact": visitor.consent, "marketing": visitor.consent and visitor.keenness > 0.4}
    if mark == "test":
        body["is_test"] = True
    elif mark == "spam":
        body["_gotcha"] = "http://cheap-rankings.example"
        body["answers"] = {"message": world.SPAM_MESSAGES[len(visitor.email) % len(world.SPAM_MESSAGES)]}
    return Body("application/json", orjson.dumps(body))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
