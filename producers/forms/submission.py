"""What every form tool's payload becomes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.message import Json

Kind = Literal["lead", "test_lead", "spam", "ignored"]


class ParsedSubmission(BaseModel):
    """One submission in our words. None means that the payload doesn't say; nothing is invented.

    `email` and `phone` are as sent (trimmed); `phone_e164` only where the number is unambiguous. `campaign` holds
    utm_*, click ids and ad ids without blanks. `consent` is an explicit answer, false when refused; `consents` the
    same by purpose. `answers` is everything else, by question text or field name. `submitted_at` is in UTC.
    `vendor_event_id` is the sender's own id of this delivery, by which a repeat is recognised.
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
