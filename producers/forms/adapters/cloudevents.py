"""CloudEvents 1.0 over HTTP (structured, binary, batched) -> ParsedSubmission."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from producers.forms.adapters import generic
from producers.forms.labelled import Part, child, named_source, text
from producers.forms.payload import BadPayload, check
from producers.forms.reading import shapes
from producers.forms.reading.paths import embedded
from producers.forms.reading.sheet import Entry, entries
from producers.forms.submission import ParsedSubmission

VENDORS = ("cloudevents",)
_PREFIX: Final = "ce-"
_ATTRIBUTES_MAX: Final = 50
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def parts(payload: Any, headers: Mapping[str, str]) -> list[Part]:
    """Each event in its structured form, however it was sent, with its data as data. Raises BadPayload."""
    if "ce-specversion" in headers:
        named = [(name[len(_PREFIX) :], value) for name, value in headers.items() if name.startswith(_PREFIX)]
        attributes = {name: unquote(value.strip('"')) for name, value in named[:_ATTRIBUTES_MAX]}
        for name, value in attributes.items():
            if _CONTROL.search(value):
                raise BadPayload(f"{_PREFIX}{name}", "contains a control character: remove it")
        return [Part({**attributes, "data": payload})]
    events = payload if isinstance(payload, list) else [payload]
    return [Part(_with_data(event) if isinstance(event, dict) else event) for event in events]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """The data is read as of any form; source and id together tell the event. A mapping's paths begin at the envelope."""
    if not isinstance(payload, dict) or "specversion" not in payload:
        return generic.translate(payload, mapping)
    source, id_ = text(payload, "source"), text(payload, "id")
    stated: dict[str, Any] = {"source": named_source(source), "vendor_event_id": f"{source}|{id_}" if id_ else None}
    at = shapes.moment(child(payload, "data").get("submitted_at")) or shapes.moment(payload.get("time"))
    if at is not None:
        stated["submitted_at"] = at
    readable = {"type": payload.get("type"), "data": payload.get("data")}
    return generic.understand(entries(readable), payload, mapping, stated)


def _with_data(event: dict[str, Any]) -> dict[str, Any]:
    encoded, data = event.get("data_base64"), event.get("data")
    if isinstance(data, str):
        return event | {"data": embedded(data.strip()) or data}
    if not isinstance(encoded, str):
        return event
    try:
        body = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise BadPayload("/data_base64", "not valid base64") from None
    kind = text(event, "datacontenttype") or "application/json"
    return {name: value for name, value in event.items() if name != "data_base64"} | {"data": check(body, kind)}
