"""What a source would read out of a captured request, and where from. Pure: nothing is published, nothing kept."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import JsonValue

from producers.forms.adapters import adapter, parts_of
from producers.forms.labelled import Part
from producers.forms.limits import BadPayload
from producers.forms.payload import check
from producers.forms.reading import shapes
from producers.forms.reading.listed import are_people
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import Entry, entries
from producers.forms.submission import ParsedSubmission

PARTS_MAX: Final = 50
PLACES_MAX: Final = 5
_IDENTITY: Final = frozenset(("email", "phone", "name", "first_name", "last_name", "company"))
_COMPOSED: Final = ("first_name", "last_name")
_TEXTS: Final = (*sorted(_IDENTITY), "vendor_event_id", "form_id", "form_name", "page_url", "source")

Fields = dict[str, JsonValue]
Places = dict[str, list[str]]


def preview(
    vendor: str, mapping: Mapping[str, str], headers: Mapping[str, str], body: bytes, content_type: str
) -> list[tuple[Fields, Places]]:
    """For each submission of the request its fields, and by field the places in the payload. Raises BadPayload."""
    payload = check(body, content_type)
    splits = parts_of(vendor)
    if splits is not None:
        parts = splits(payload, headers)
    else:
        parts = [Part(one) for one in payload] if are_people(payload, mapping) else [Part(payload)]
    if len(parts) > PARTS_MAX:
        raise BadPayload(None, f"more than {PARTS_MAX} events: try fewer")
    found = []
    for part in parts:
        parsed = adapter(vendor).translate(part.payload, mapping)
        if part.event_id and "vendor_event_id" not in mapping:
            parsed = parsed.model_copy(update={"vendor_event_id": part.event_id})
        fields = parsed.model_dump(mode="json", exclude_none=True, exclude_defaults=True) | {"kind": parsed.kind}
        found.append((fields, _places(parsed, part.payload, mapping)))
    return found


def _places(parsed: ParsedSubmission, payload: Any, mapping: Mapping[str, str]) -> Places:
    """The places whose values a field has; where several have the same, those whose names say so come first."""
    standing = list(_scalars(payload, ()))
    by_value: dict[str | bool, list[Path]] = {}
    for path, held in standing:
        if (key := _comparable(held)) is not None:
            by_value.setdefault(key, []).append(path)
    told = entries(payload)
    wanted: dict[str, JsonValue] = {name: getattr(parsed, name) for name in _TEXTS}
    wanted |= {f"campaign.{name}": value for name, value in parsed.campaign.items()}
    wanted |= {f"answers.{question}": value for question, value in parsed.answers.items()}
    places: Places = {}
    for target, value in wanted.items():
        if target in mapping:
            places[target] = [mapping[target]]
        elif value is not None and (at := _where(target, value, by_value, told)):
            places[target] = at
    if parsed.name and "name" not in places:
        places["name"] = [path for part in _COMPOSED for path in places.get(part, [])]
    if parsed.consent is not None or parsed.consents:
        at = [written(entry.field.path) for entry in told if entry.means.consent is not None][:PLACES_MAX]
        places["consent"] = [mapping["consent"]] if "consent" in mapping else at
    if parsed.submitted_at is not None:
        same = [written(path) for path, standing_value in standing if shapes.moment(standing_value) == parsed.submitted_at]
        places["submitted_at"] = [mapping["submitted_at"]] if "submitted_at" in mapping else same[:PLACES_MAX]
    return {target: at for target, at in places.items() if at}


def _where(target: str, value: JsonValue, by_value: Mapping[str | bool, list[Path]], told: list[Entry]) -> list[str]:
    if target in _IDENTITY:
        named = [e.field.path for e in told if e.means.identity == target and _comparable(e.field.value) == _comparable(value)]
        if named:
            return [written(path) for path in named[:PLACES_MAX]]
    values = value if isinstance(value, list) else [value]
    keys = dict.fromkeys(key for one in values if (key := _comparable(one)) is not None)
    at = [written(path) for key in keys for path in by_value.get(key, ())[:PLACES_MAX]]
    return list(dict.fromkeys(at))[:PLACES_MAX]


def _comparable(value: Any) -> str | bool | None:
    """Equal for what says the same; None for nothing, and for what holds others."""
    return value if isinstance(value, bool) else shapes.plain(value)


def _scalars(node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _scalars(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _scalars(value, (*path, at))
    elif node is not None:
        yield path, node


def written(path: Path) -> str:
    """A path as a mapping has it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and not set(step) & set(".[]'\""):
            text += f".{step}" if text else step
        else:
            quote = '"' if "'" in step else "'"
            text += f"[{quote}{step}{quote}]"
    return text
