"""Forty people and the forms that they send, in an order and each a second time."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.crypto.codec import seal_person
from infra.crypto.keyring import Keyring
from infra.kafka.ports import Outgoing
from schemas import topics
from schemas.envelope import Envelope
from schemas.person import Source, SubmittedPerson, Traits
from schemas.submissions import SubmissionReceived
from tests.system import System

SIZES = ("1-10", "51-200", "1000+")


@dataclass(frozen=True)
class Form:
    """What somebody sends once."""

    email: str | None
    phone: str | None = None
    name: str | None = None
    company: str | None = None
    size: str | None = None
    campaign: Mapping[str, str] = field(default_factory=dict)
    consent: bool | None = None
    quiet: bool = False
    kind: str = "lead"


def forms_of(number: int) -> list[Form]:
    """One person's forms, in order. Colleagues 2n and 2n+1 below 12 share a switchboard; 12 to 15 have a number and no address."""
    email = f"person{number}@firm{number % 7}.example"
    first = Form(
        email,
        name=f"Person {number}",
        company=f"Firm {number % 7}",
        size=SIZES[number % 3],
        campaign={"utm_source": "search"} if number % 4 == 0 else {},
        consent=(None, True, False)[number % 3],
        quiet=number % 10 == 9,
    )
    if number < 12:
        first = Form(**{**vars(first), "phone": f"+32255500{number // 2:02d}"})
    elif number < 16:
        return [Form(None, phone=f"+32255511{number}", name=f"Caller {number}"), Form(None, phone=f"+32255511{number}")]
    elif number == 38:
        return [Form(**{**vars(first), "kind": "spam"})]
    elif number == 39:
        return [Form(**{**vars(first), "kind": "test"})]
    later = Form(
        email.upper(), name="Somebody Else", size=SIZES[(number + 1) % 3], campaign={"utm_campaign": "spring"}, consent=True
    )
    return [first, later] if number % 2 else [first]


PEOPLE = {number: forms_of(number) for number in range(40)}


def made(keyring: Keyring, key: Any, form: Form, delivery: str) -> tuple[SubmissionReceived, Outgoing]:
    """One submission and its record, as the gateway would publish them."""
    id_ = str(uuid.uuid4())
    email_hash = None if form.email is None else keyring.hash("email", form.email)
    phone_hash = None if form.phone is None else keyring.hash("phone", form.phone)
    answers = {} if form.size is None else {"How big is your team?": form.size}
    person = SubmittedPerson(email=form.email, name=form.name, phone=form.phone, phone_e164=form.phone, answers=answers, raw="{}")
    body = SubmissionReceived(
        submission_id=id_,
        delivery=keyring.hash("delivery", delivery),
        identity=email_hash or phone_hash or id_,
        kind=form.kind,
        source=Source(vendor="typeform", source_id="s1", form_name="Request a demo"),
        campaign=dict(form.campaign),
        consent=form.consent,
        traits=Traits(
            email_hash=email_hash,
            phone_hash=phone_hash,
            mail_domain=None if form.email is None else form.email.lower().partition("@")[2],
            company=form.company,
            answers=answers,
            filled=tuple(name for name in ("email", "phone", "name") if getattr(form, name)),
        ),
        quiet=form.quiet,
        personal=seal_person(key, person, id_),
    )
    envelope = Envelope(id_, body.TYPE, "gateway", datetime.now(UTC))
    return body, Outgoing(body.key().encode(), envelope.headers(), body.model_dump_json().encode())


async def send(system: System, forms: Iterable[tuple[str, Form]]) -> dict[str, str]:
    """Publish (delivery, form) in order; submission ids of each delivery's first by delivery."""
    has = system.has
    key = await has.keyring.intake(datetime.now(UTC).date())
    first: dict[str, str] = {}
    waiting = []
    for delivery, form in forms:
        body, record = made(has.keyring, key, form, delivery)
        first.setdefault(delivery, body.submission_id)
        number = topics.partition(body.key(), has.settings.kafka.partitions)
        # A lane of the producer keeps its order, so one person's forms need not wait for each other.
        waiting.append(asyncio.ensure_future(has.producer.publish(topics.SUBMISSIONS, number, record)))
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    return first
