"""Where a value stands in a payload, written as `data.contact.mail` or `fields[0].value`."""

import re
from typing import Any

import orjson

Path = tuple[str | int, ...]

_PARTS_OF_A_NAME = frozenset(("prefix", "first", "initial", "middle", "last", "suffix"))
_INDEX = re.compile(r"-?[0-9]{1,5}")


def embedded(text: str) -> Any:
    """The object or list that a text holds as JSON, else None."""
    start = text[:1]
    if start not in "{[" or not start or text[-1] not in "}]":
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if "\\u0000" not in text else None


def parts_of_name(text: str) -> dict[str, str] | None:
    """A name that is written a part a line (`first = Ann`), else None."""
    lines = [line.partition("=") for line in text.splitlines()[: len(_PARTS_OF_A_NAME) + 1] if line.strip()]
    parts = {name.strip().lower(): value.strip() for name, mark, value in lines if mark}
    return parts if len(parts) == len(lines) and parts.keys() <= _PARTS_OF_A_NAME else None


def find(payload: Any, path: str) -> tuple[Path, Any] | None:
    """The value at a dotted path (`data.contact.mail`, `fields[0].value`, `$['a.b'].c`) with its exact place, or None."""
    if isinstance(payload, dict) and path in payload:
        return (path,), payload[path]
    node: Any = payload
    place: Path = ()
    for step in steps(path):
        if isinstance(node, str):
            node = embedded(node)
        if isinstance(node, dict) and step in node:
            node, place = node[step], (*place, step)
        elif isinstance(node, list) and _INDEX.fullmatch(step) and -len(node) <= int(step) < len(node):
            index = int(step) % len(node)
            node, place = node[index], (*place, index)
        else:
            return None
    return place, node


def steps(path: str) -> list[str]:
    """Split a path; a bracket may hold an index or a quoted key."""
    found: list[str] = []
    text = path.strip().removeprefix("$")
    position = 0
    while position < len(text):
        if text[position] == ".":
            position += 1
        elif text[position] == "[" and (end := text.find("]", position)) > 0:
            if text[position + 1] in "\"'" and (quote := text.find(text[position + 1] + "]", position + 2)) > 0:
                found.append(text[position + 2 : quote])
                end = quote + 1
            else:
                found.append(text[position + 1 : end].strip())
            position = end + 1
        else:
            ends = [at for at in (text.find(".", position), text.find("[", position + 1)) if at > 0]
            end = min(ends, default=len(text))
            found.append(text[position:end])
            position = end
    return found
