"""Google Ads lead form webhook -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.labelled import Part, answered, campaign, rows, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import ParsedSubmission

VENDORS = ("google_ads", "google_ads_lead_form")
ACCEPTED = (200, b"{}")
"""Google reads the body for an error message."""
_ADS = ("campaign_id", "adgroup_id", "creative_id", "asset_group_id")
# The private address and number are the person's; those of the work stand beside them as answers.
_ORDER = ("EMAIL", "PHONE_NUMBER", "FULL_NAME", "FIRST_NAME", "LAST_NAME")


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One lead a request."""
    return [Part(payload)]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Columns are known by their id; names may be missing, and fields that nobody knows are passed over."""
    if not isinstance(payload, dict) or not isinstance(payload.get("user_column_data"), list):
        return ParsedSubmission(kind="ignored", vendor_event_id=text(payload, "lead_id"))
    clicks = {"gclid": payload.get("gcl_id")}
    stated: dict[str, Any] = {
        "vendor_event_id": text(payload, "lead_id"),
        "form_id": campaign({"form": payload.get("form_id")}).get("form"),
        "form_name": text(payload, "form_name"),
        "campaign": campaign({name: payload.get(name) for name in _ADS} | clicks),
        "submitted_at": shapes.moment(payload.get("lead_submit_time")),
    }
    if payload.get("is_test") is True:
        stated["kind"] = "test_lead"
    return generic.understand(_entries(payload), payload, mapping, stated)


def _entries(payload: dict[str, Any]) -> list[Entry]:
    found = []
    for at, row in rows(payload, "user_column_data"):
        id_, name = text(row, "column_id") or "", text(row, "column_name") or ""
        place = ("user_column_data", at, "string_value")
        found.append((id_, answered(place, id_ or name, row.get("string_value"), label=name)))
    return [entry for _, entry in sorted(found, key=lambda pair: _ORDER.index(pair[0]) if pair[0] in _ORDER else len(_ORDER))]
