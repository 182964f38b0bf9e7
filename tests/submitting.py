"""Builders of submissions as the gateway would publish them."""

import uuid
from datetime import UTC, datetime

from infra.crypto.codec import seal_person
from infra.crypto.keyring import Keyring
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Position, Publisher
from schemas import topics
from schemas.envelope import Envelope
from schemas.person import Agreement, Source, SubmittedPerson, Traits
from schemas.submissions import SubmissionReceived


async def submission(
    keyring: Keyring,
    email: str | None,
    *,
    phone: str | None = None,
    name: str = "Ada Lovelace",
    delivery: str | None = None,
    company: str | None = "Analytical Engines",
    quiet: bool = False,
    kind: str = "lead",
    visitor: str | None = None,
    unconfirmed: Agreement | None = None,
    source_id: str = "s1",
    raw: str = '{"a": 1}',
) -> tuple[SubmissionReceived, Outgoing]:
    """One submission and its record."""
    id_ = str(uuid.uuid4())
    email_hash = None if email is None else keyring.hash("email", email)
    phone_hash = None if phone is None else keyring.hash("phone", phone)
    key = await keyring.intake(datetime.now(UTC).date())
    person = SubmittedPerson(email=email, name=name, phone=phone, phone_e164=phone, raw=raw, raw_content_type="application/json")
    body = SubmissionReceived(
        submission_id=id_,
        delivery=keyring.hash("delivery", delivery or id_),
        identity=email_hash or phone_hash or keyring.hash("delivery", id_),
        kind=kind,
        source=Source(vendor="typeform", source_id=source_id, form_name="Request a demo"),
        consent=True if unconfirmed is None else None,
        unconfirmed=unconfirmed,
        traits=Traits(
            email_hash=email_hash,
            phone_hash=phone_hash,
            mail_domain=None if email is None else email.partition("@")[2],
            company=company,
            filled=("email",),
        ),
        quiet=quiet,
        visitor=None if visitor is None else keyring.hash("visitor", visitor),
        personal=seal_person(key, person, id_),
    )
    envelope = Envelope(id_, body.TYPE, "gateway", datetime.now(UTC))
    return body, Outgoing(body.key().encode(), envelope.headers(), body.model_dump_json().encode())


async def publish(publisher: Publisher, partitions: int, sent: tuple[SubmissionReceived, Outgoing]) -> Position:
    """As the gateway would."""
    body, record = sent
    return await publisher.publish(topics.SUBMISSIONS, topics.partition(body.key(), partitions), record)
