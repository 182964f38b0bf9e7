"""A lead as the columns of lead_list, and under what it is counted. Pure."""

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import orjson

from projections.lead import Lead, display_name
from projections.parts import packed, whole

Row = tuple[Any, ...]
Counted = tuple[tuple[str, str], ...]
"""Under what one lead is counted: (dimension, value) pairs."""

COMPANIES_CACHED_MAX: Final = 10_000
KEY_CHARACTERS_MAX: Final = 200
"""An index row takes 2,704 bytes at most; four bytes a character."""


def counted(lead: Lead) -> Counted:
    """Under what a lead is counted for the overview: one that goes on as another under nothing."""
    if lead.merged_into is not None:
        return ()
    return counted_by(lead.status, lead.grade, lead.vendor, lead.owner, whole(lead).created_at)


def counted_by(status: str, grade: str | None, vendor: str, owner: str | None, created_at: datetime | None) -> Counted:
    """The same, from columns."""
    pairs = [("total", ""), ("status", status), ("source", vendor)]
    if grade is not None:
        pairs.append(("grade", grade))
    if owner is None:
        pairs.append(("unassigned", ""))
    if created_at is not None:
        pairs.append(("day", created_at.date().isoformat()))
    return tuple(pairs)


def lead_row(lead: Lead) -> Row:
    """In the order of statements.LEAD_COLUMNS."""
    own, lead = lead, whole(lead)
    return (
        lead.id,
        lead.partition,
        lead.version,
        lead.status,
        lead.score,
        lead.grade,
        lead.owner,
        company_id(lead.company),
        lead.company,
        lead.vendor,
        lead.source_id,
        lead.quiet,
        lead.created_at,
        lead.updated_at,
        lead.name,
        lead.first_name,
        lead.last_name,
        lead.email,
        lead.phone,
        lead.phone_e164,
        lead.mail_domain,
        lead.free_mail,
        json_text(lead.campaign),
        json_text(lead.custom),
        lead.consent,
        json_text(lead.unconfirmed),
        lead.merged_into,
        json_text(packed(own)) if own.absorbed else None,
    )


def name_row(lead: Lead) -> Row:
    """In the order of statements.NAME_COLUMNS: what the lead is sorted and found by."""
    lead = whole(lead)
    name, email, company = display_name(lead), folded_case(lead.email), folded_case(lead.company)
    surname = lead.last_name or (name.rsplit(maxsplit=1)[-1] if name and " " in name else None)
    return (lead.id, folded_case(name) or email or company or "", folded_case(surname), email, company)


@lru_cache(maxsize=COMPANIES_CACHED_MAX)
def company_id(name: str | None) -> str | None:
    """The same for every spelling that differs in case and spaces only."""
    return None if name is None else blake2b(" ".join(name.casefold().split()).encode(), digest_size=12).hexdigest()


def folded_case(text: str | None) -> str | None:
    """For comparing what people type; None stays None."""
    return text.strip().casefold()[:KEY_CHARACTERS_MAX] if text else None


def index_key(text: str) -> str:
    """The text itself, or where an index couldn't take it, its beginning and a digest of all of it."""
    if len(text) <= KEY_CHARACTERS_MAX:
        return text
    return f"{text[:KEY_CHARACTERS_MAX]}#{blake2b(text.encode(), digest_size=12).hexdigest()}"


def json_text(value: Any) -> str:
    """As PostgreSQL takes a jsonb."""
    return orjson.dumps(value).decode()
