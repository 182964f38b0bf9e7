"""An AsyncAPI document of ours -> one page: topics, who writes and reads them, and their messages, field by field. Pure."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from infra.wiring.catalogue.layout import picture
from infra.wiring.catalogue.participants import NOT_IN_USE, participants
from infra.wiring.catalogue.style import STYLE
from infra.wiring.catalogue.topology import kept, svg
from schemas.message import JsonObject
from schemas.topics import CATALOGUE

DEPTH_MAX: Final = 6


def page(document: JsonObject) -> str:
    """The whole page; no script, nothing from elsewhere."""
    channels = "".join(_channel(document, name) for name in document["channels"])
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in document["channels"])
    drawn = svg(picture(participants(), tuple(CATALOGUE.values())))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Leadflow: what travels on the bus</title><style>{STYLE}</style></head><body>"
        f'<header><div class="bar"><strong>Leadflow</strong><span>what travels on the bus</span><nav>{links}'
        '<a class="tool" href="/asyncapi.json">AsyncAPI 3.0 (JSON)</a><a class="tool" href="/docs">HTTP API</a>'
        "</nav></div></header>"
        f'<main><p class="lead">{_code(document["info"]["description"])}</p>'
        f'<div class="picture">{drawn}</div>{channels}{_headers(document)}</main></body></html>'
    )


def _channel(document: JsonObject, name: str) -> str:
    channel, topic = document["channels"][name], CATALOGUE[name]
    kafka = channel["bindings"]["kafka"]
    unused = f'<p class="unused">Not in use yet: {escape(NOT_IN_USE[name])}.</p>' if name in NOT_IN_USE else ""
    messages = "".join(_message(document, name, type_) for type_ in channel["messages"])
    partitions = f"{kafka['partitions']} partition{'s' if kafka['partitions'] != 1 else ''}"
    facts = (("address", channel["address"]), ("key", topic.key), ("partitions", partitions), ("retention", kept(topic)))
    listed = "".join(f"<div><dt>{what}</dt><dd>{escape(str(value))}</dd></div>" for what, value in facts)
    return (
        f'<section id="{escape(name)}"><h2>{escape(name)}</h2><p class="carries">{escape(topic.carries)}</p>{unused}'
        f'<dl class="facts">{listed}</dl>{_people(document, name)}{messages}</section>'
    )


def _people(document: JsonObject, channel: str) -> str:
    rows = []
    for action, word in (("send", "Written by"), ("receive", "Read by")):
        found = [
            (operation, name)
            for name, operation in document["operations"].items()
            if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
        ]
        chips = "".join(_chip(name.partition(f".{_verb(action)}")[0], operation) for operation, name in found)
        rows.append(f'<div class="row"><span>{word}</span>{chips or "<em>nobody yet</em>"}</div>')
    return f'<div class="people">{"".join(rows)}</div>'


def _verb(action: str) -> str:
    return "writes" if action == "send" else "reads"


def _chip(name: str, operation: JsonObject) -> str:
    kind = operation["tags"][0]["name"].replace(" ", "-")
    return f'<span class="chip {kind}" title="{escape(operation["summary"])}">{escape(name)}</span>'


def _message(document: JsonObject, channel: str, type_: str) -> str:
    message = document["components"]["messages"][type_]
    first, _, rest = message["description"].partition("\n\n")
    more = f'<p class="more">{_code(rest)}</p>' if rest else ""
    payload = _table(document, message["payload"], "Body")
    personal = _table(document, message["x-personal"], "personal, once opened") if "x-personal" in message else ""
    return (
        f'<details class="message" id="{escape(type_)}">'
        f"<summary><code>{escape(type_)}</code><span>{_code(first)}</span></summary>"
        f'<div class="inside">{more}{_ways(document, channel, type_)}{payload}{personal}{_example(message)}</div></details>'
    )


def _ways(document: JsonObject, channel: str, type_: str) -> str:
    wanted = f"#/channels/{channel}/messages/{type_}"
    parts = []
    for action, word in (("send", "written by"), ("receive", "handled by")):
        names = [
            name.partition(f".{_verb(action)}")[0]
            for name, operation in document["operations"].items()
            if operation["action"] == action and {"$ref": wanted} in operation["messages"]
        ]
        parts.append(f"{word} <b>{escape(', '.join(names)) or 'nobody yet'}</b>")
    return f'<p class="ways">{" · ".join(parts)}</p>'


def _table(document: JsonObject, reference: JsonObject, title: str) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(path)}</code></td><td>{escape(type_)}</td><td>{'' if needed else 'may be missing'}</td>"
        f"<td>{_code(said)}</td></tr>"
        for path, type_, needed, said in fields(document, reference, "", DEPTH_MAX)
    )
    return (
        f"<table><caption>{escape(title)}</caption><thead><tr><th>Field</th><th>Type</th><th></th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def fields(document: JsonObject, schema: JsonObject, path: str, depth_left: int) -> Iterator[tuple[str, str, bool, str]]:
    """(path, type in words, required, description) of every field; those inside objects by their full path."""
    schema = _resolved(document, schema)
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        yield inner, in_words(document, field), name in needed, field.get("description", "")
        below, suffix = _object_of(document, field)
        if below is not None and depth_left:
            yield from fields(document, below, inner + suffix, depth_left - 1)


def _object_of(document: JsonObject, field: JsonObject) -> tuple[JsonObject | None, str]:
    """The object with fields of its own that a field holds, or holds a list of."""
    for variant in field.get("anyOf", [field]):
        found = _resolved(document, variant)
        if "properties" in found:
            return found, ""
        if "items" in found:
            items = _resolved(document, found["items"])
            if "properties" in items:
                return items, "[]"
    return None, ""


def in_words(document: JsonObject, schema: JsonObject) -> str:
    """`list of string`, `text or null`, `one of new, won`."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " or ".join(in_words(document, variant) for variant in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(map(str, schema.get("enum", [schema.get("const")])))
    type_: str = schema.get("type", "any JSON")
    if type_ == "array":
        items = schema.get("items", {})
        return f"list of {in_words(document, items)}" if items else "list"
    if type_ == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {in_words(document, schema['additionalProperties'])}"
    return f"{type_} ({schema['format']})" if "format" in schema else type_


def _resolved(document: JsonObject, schema: JsonObject) -> JsonObject:
    if "$ref" not in schema:
        return schema
    found: JsonObject = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _example(message: JsonObject) -> str:
    shown: list[Any] = message.get("examples", [])
    return "".join(f"<details><summary>Example</summary><pre>{escape(_lines(example))}</pre></details>" for example in shown)


def _lines(example: JsonObject) -> str:
    """As kcat would show it: headers, then the body."""
    headers = [f"{name}: {value}" for name, value in example["headers"].items()]
    return "\n".join([*headers, "", json.dumps(example["payload"], indent=2, ensure_ascii=False)])


def _headers(document: JsonObject) -> str:
    return (
        '<section id="headers"><h2>Headers</h2><p class="carries">the same on every record</p>'
        f"{_table(document, {'$ref': '#/components/schemas/CloudEventsHeaders'}, 'CloudEvents attributes')}</section>"
    )


def _code(text: str) -> str:
    """Escaped, with `words in backticks` set as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if nth % 2 else part for nth, part in enumerate(parts))
