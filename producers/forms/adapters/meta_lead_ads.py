"""Meta Lead Ads: the webhook names a lead, the Graph API's answer tells it -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from producers.forms.adapters import generic
from producers.forms.labelled import Part, answered, campaign, child, rows, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import ParsedSubmission, Reference

VENDORS = ("meta_lead_ads", "meta")
ACCEPTED = (200, None)
_ADS = ("campaign_id", "campaign_name", "adset_id", "ad_id", "platform")
_FIELDS = (
    *("id", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name", "form_id"),
    *("is_organic", "platform", "field_data", "custom_disclaimer_responses"),
)
_DUMMY = "<test lead: dummy data"
_TICKED = (True, 1, "1", "true")


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One for each lead that is named; a change of another kind asks for nothing."""
    found = [
        Part({"entry": {"id": text(entry, "id"), "time": entry.get("time")}, **change})
        for _, entry in rows(payload, "entry")
        for _, change in rows(entry, "changes")
    ]
    return found or [Part(payload)]


def lead_path(id_: str) -> str:
    """Where the Graph API tells a lead."""
    return f"/{quote(id_, safe='')}?fields={','.join(_FIELDS)}"


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """What `parts` makes of a webhook, or a lead as the Graph API tells it."""
    if isinstance(payload, dict) and isinstance(payload.get("field_data"), list):
        return _lead(payload, mapping)
    value = child(payload, "value")
    id_ = text(value, "leadgen_id")
    if text(payload, "field") != "leadgen" or id_ is None:
        return ParsedSubmission(kind="ignored")
    at = shapes.moment(value.get("created_time"))
    return ParsedSubmission(
        # The sample of Meta's test button.
        kind="test_lead" if set(id_) == {"4"} else "lead_reference",
        vendor_event_id=id_,
        form_id=text(value, "form_id"),
        campaign=campaign({"ad_id": value.get("ad_id"), "adset_id": value.get("adgroup_id")}),
        submitted_at=at,
        reference=Reference(type="leadgen", object_type="lead", object_id=id_, occurred_at=at, needs_fetch=True),
    )


def _lead(payload: dict[str, Any], mapping: Mapping[str, str]) -> ParsedSubmission:
    found, dummy = [], False
    for at, row in rows(payload, "field_data"):
        values = row.get("values")
        value = values[0] if isinstance(values, list) and len(values) == 1 else values
        dummy = dummy or str(value).startswith(_DUMMY)
        found.append(answered(("field_data", at, "values"), text(row, "name") or "", value))
    for at, row in rows(payload, "custom_disclaimer_responses"):
        key, ticked = text(row, "checkbox_key") or "", row.get("is_checked") in _TICKED
        found.append(answered(("custom_disclaimer_responses", at, "is_checked"), key, ticked, type_="consent"))
    stated: dict[str, Any] = {
        "vendor_event_id": text(payload, "id"),
        "form_id": text(payload, "form_id"),
        "form_name": None,
        "campaign": campaign({name: payload.get(name) for name in _ADS}),
        "submitted_at": shapes.moment(payload.get("created_time")),
    }
    if dummy:
        stated["kind"] = "test_lead"
    return generic.understand(found, payload, mapping, stated)
