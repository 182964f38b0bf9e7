"""HubSpot: app webhooks name what changed, workflow webhooks and the CRM's API tell the contact -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from producers.forms.adapters import generic
from producers.forms.labelled import Part, answered, child, text
from producers.forms.reading import shapes
from producers.forms.reading.names import campaign_parameter
from producers.forms.reading.sheet import Entry
from producers.forms.submission import ParsedSubmission, Reference

VENDORS = ("hubspot",)
_CONTACT: Final = "0-1"
_OBJECTS: Final = {_CONTACT: "contact", "0-2": "company", "0-3": "deal", "0-5": "ticket"}
_GONE: Final = ("deletion", "privacyDeletion")
_TOLD_BY_EVENTS: Final = ("eventId", "subscriptionId", "objectId", "occurredAt")
_CLICKS: Final = {"hs_google_click_id": "gclid", "hs_facebook_click_id": "fbclid"}
# Contacts have a first and a last name; what has a bare one is a company.
_NAMED: Final = {**_CLICKS, "name": "company"}
_KEPT: Final = ("hs_email_optout", "hs_lead_status", *_CLICKS)
# The API tells only what it is asked for.
_ASKED: Final = (
    *("email", "firstname", "lastname", "phone", "mobilephone", "company", "jobtitle", "website", "city", "country", "industry"),
    *("numemployees", "annualrevenue", "message", "lifecyclestage", "createdate", "recent_conversion_date"),
    *("recent_conversion_event_name", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", *_KEPT),
)
# What HubSpot counts and notes for itself.
_MACHINERY: Final = (
    *("hs_", "num_", "ip_", "notes_", "first_conversion", "recent_conversion", "hubspot_", "days_to_", "engagements_"),
    *("currentlyinworkflow", "associatedcompany", "createdate", "lastmodifieddate", "followercount", "surveymonkey", "webinar"),
)


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """Each event of an app webhook, or the one contact of a workflow's."""
    events = payload if isinstance(payload, list) else [payload]
    return [Part(event, once=_once(event)) for event in events]


def contact_path(id_: str) -> str:
    """Where the CRM's API tells a contact."""
    return f"/crm/v3/objects/contacts/{quote(id_, safe='')}?properties={','.join(_ASKED)}"


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """An event, or a contact as the object API returns it, in its older or its newer shape."""
    if isinstance(payload, dict) and isinstance(payload.get("properties"), dict):
        return _contact(payload, mapping)
    type_ = text(payload, "subscriptionType")
    id_ = text(payload, "objectId") or text(payload, "primaryObjectId") or text(payload, "newObjectId")
    if type_ is None or id_ is None:
        return ParsedSubmission(kind="ignored")
    object_type, _, change = type_.partition(".")
    if object_type == "object":
        number = text(payload, "objectTypeId") or ""
        object_type = _OBJECTS.get(number, number or "object")
    reference = Reference(
        type=type_,
        object_type=object_type,
        object_id=id_,
        property=text(payload, "propertyName"),
        value=payload.get("propertyValue"),
        occurred_at=shapes.moment(payload.get("occurredAt")),
        needs_fetch=object_type == "contact" and change not in _GONE,
    )
    event_id = text(payload, "eventId")
    return ParsedSubmission(kind="crm_change", vendor_event_id=event_id, submitted_at=reference.occurred_at, reference=reference)


def _once(event: Any) -> str | None:
    """The event's id alone is not promised to be unique."""
    if text(event, "subscriptionType") is None or text(event, "eventId") is None:
        return None
    return "|".join(text(event, name) or "" for name in _TOLD_BY_EVENTS)


def _contact(payload: dict[str, Any], mapping: Mapping[str, str]) -> ParsedSubmission:
    properties = payload["properties"]
    values = {name: _value(held) for name, held in properties.items()}
    found = []
    for name, value in values.items():
        if value in (None, "") or (name.startswith(_MACHINERY) and name not in _KEPT and campaign_parameter(name) is None):
            continue
        inside = ("value",) if isinstance(properties[name], dict) else ()
        found.append(answered(("properties", name, *inside), _NAMED.get(name, name), value))
    company = _value(child(payload, "associated-company", "properties").get("name"))
    if company and not values.get("company"):
        found.append(answered(("associated-company", "properties", "name", "value"), "company", company))
    at = values.get("recent_conversion_date") or values.get("createdate") or payload.get("createdAt")
    stated = {
        # A contact's id is not this submission's.
        "vendor_event_id": None,
        "form_id": None,
        "form_name": shapes.plain(values.get("recent_conversion_event_name")),
        "submitted_at": shapes.moment(at),
    }
    return generic.understand(found, payload, mapping, stated)


def _value(held: Any) -> Any:
    return held.get("value") if isinstance(held, dict) else held
