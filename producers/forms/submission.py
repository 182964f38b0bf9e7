"""What every form tool's payload becomes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.message import Json

Kind = Literal["lead", "lead_update", "lead_reference", "test_lead", "spam", "communication_event", "crm_change", "ignored"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Meeting(_Part):
    """What was booked, moved or called off with the submission."""

    name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    status: str | None = None
    reason: str | None = None


class Reference(_Part):
    """Something in another system that the payload only names. `needs_fetch`: its details are worth asking for."""

    type: str
    object_type: str
    object_id: str
    property: str | None = None
    value: Json = None
    occurred_at: datetime | None = None
    needs_fetch: bool = False


class Happening(_Part):
    """What became of a message, by the provider that delivers it. `suppress`: write to this address no more."""

    event: str
    recipient: str | None = None
    message_id: str | None = None
    lead_id: str | None = None
    occurred_at: datetime | None = None
    url: str | None = None
    reason: str | None = None
    suppress: bool = False


class ParsedSubmission(BaseModel):
    """One submission in our words. None means that the payload doesn't say; nothing is invented.

    `email` and `phone` are as sent (trimmed); `phone_e164` only where the number is unambiguous. `campaign` holds
    utm_*, click ids and ad ids without blanks. `consent` is an explicit answer, false when refused; `consents` the
    same by purpose. `answers` is everything else, by question text or field name. `submitted_at` is in UTC.
    `vendor_event_id` is the sender's own id of this delivery, by which a repeat is recognised. `source` is what the sender
    itself calls its source, where its format has a word for that.

    Kinds beside a lead: `lead_update` tells news of somebody known and disturbs nobody; `lead_reference` and `crm_change` hold
    a `reference`, `communication_event` a `happened`; what is `ignored` is no submission.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "lead"
    vendor_event_id: str | None = None
    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    company: str | None = None
    form_id: str | None = None
    form_name: str | None = None
    campaign: dict[str, str] = Field(default_factory=dict)
    consent: bool | None = None
    consents: dict[str, bool] = Field(default_factory=dict)
    answers: dict[str, Json] = Field(default_factory=dict)
    page_url: str | None = None
    submitted_at: datetime | None = None
    source: str | None = None
    meeting: Meeting | None = None
    reference: Reference | None = None
    happened: Happening | None = None
