"""What lead_list answers, for the API description."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class Lead(BaseModel):
    """A lead; null where unknown.

    `version` is the sequence of the last fact decided on it (scores don't change it); `owner` is a person's id; `source` the
    vendor of the form, `source_id` our source. `awaits_confirmation`: something was ticked in a form, and counts once the owner
    of the address has confirmed it; until then it stands neither in `consent` nor in `consents`. `merged` are the leads of the
    same person that were merged into this one; `merged_into` is null but for one that goes on as another, as it was then.
    """

    id: str
    name: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    company: str | None
    status: str
    score: int | None
    grade: str | None
    owner: str | None
    source: str
    source_id: str
    campaign: dict[str, Any]
    answers: dict[str, Any]
    consent: bool | None
    consents: dict[str, bool]
    awaits_confirmation: bool
    custom: dict[str, Any]
    tags: list[str]
    merged_into: str | None
    merged: list[str]
    created_at: datetime
    updated_at: datetime
    version: int


class LeadPage(BaseModel):
    """Leads in the order asked for; `next` is the cursor of the page after, null at the end."""

    items: list[Lead]
    next: str | None


class LeadMessage(BaseModel):
    """A mail about a lead. `outcome` null: not decided yet; `sent_at` only where it was sent.

    The times since then are when its provider first told so; `bounced_at` also stands where it was tried again later.
    """

    id: str
    template: str | None
    to: str | None
    outcome: str | None
    planned_at: datetime | None
    sent_at: datetime | None
    detail: str | None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    bounced_at: datetime | None = None
    replied_at: datetime | None = None


class LeadMessages(BaseModel):
    """Newest first, at most 200."""

    items: list[LeadMessage]


class Overview(BaseModel):
    """Leads counted that one may see; `leads_today` are those that came since midnight UTC."""

    leads_total: int
    leads_today: int
    by_status: dict[str, int]
    by_grade: dict[str, int]
    by_source: dict[str, int]
    unassigned: int
