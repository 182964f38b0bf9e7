"""The two encodings of HTML forms, read strictly into plain data."""

import itertools
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from producers.forms.limits import DEPTH_MAX, VALUES_MAX, BadPayload, has_nul, pointer, too_deep, too_many

_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHARSETS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    # What browsers mean when they say Latin-1.
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-2": "iso8859-2",
    "windows-1250": "cp1250",
    "iso-8859-15": "iso8859-15",
}
_PART_HEADER_BYTES_MAX = 8_192
CONTENT_TYPE_CHARACTERS_MAX: Final = 512
"""The rest of a content type is not looked at, and so decides nothing: whoever remembers one keeps no more of it."""


class MediaType(NamedTuple):
    """A content type in lower case; every `+json` counts as JSON. `charset` is a Python codec ("" = unknown to us)."""

    name: str
    charset: str
    boundary: str


class _Conflict(Exception):
    """A name uses as an object what an earlier one used as a text."""


def media_type(content_type: str) -> MediaType:
    """Parse a Content-Type header; anything odd gives a name that nobody takes."""
    head, _, _ = content_type[:CONTENT_TYPE_CHARACTERS_MAX].partition(";")
    name = head.strip().lower()
    if name in ("text/json", "application/x-json") or (name.startswith("application/") and name.endswith("+json")):
        name = "application/json"
    parameters = _parameters(content_type[len(head) : CONTENT_TYPE_CHARACTERS_MAX])
    charset = _CHARSETS.get(parameters.get("charset", "").lower(), "")
    return MediaType(name, charset, parameters.get("boundary", ""))


def _parameters(text: str) -> dict[str, str]:
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value
        for name, value in _PARAMETER.findall(text)
    }


def form_data(body: bytes, charset: str) -> dict[str, Any]:
    """application/x-www-form-urlencoded -> dict of texts, lists and objects."""
    codec = _codec(charset)
    if body.count(b"&") >= VALUES_MAX:
        raise too_many()
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise _undecodable(None, error) from None
    pairs = []
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            key = _unescaped(name.strip(), None, codec)
            pairs.append((key, _unescaped(value, key, codec)))
    if pairs and pairs[-1][1][-2:] == "\r\n":
        pairs[-1] = (pairs[-1][0], pairs[-1][1].rstrip("\r\n"))
    return _gathered(pairs)


def _unescaped(text: str, key: str | None, codec: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        field = None if key is None else pointer([key])
        if _BAD_ESCAPE.search(text):
            raise BadPayload(field, "a '%' is not followed by two hex digits: percent-encode the value")
        try:
            text = unquote_to_bytes(text.encode(codec)).decode(codec)
        except UnicodeDecodeError as error:
            raise _undecodable(field, error) from None
    return text


def multipart_data(body: bytes, boundary: str, charset: str) -> dict[str, Any]:
    """multipart/form-data -> dict; a file becomes its name, size and content type."""
    codec = _codec(charset)
    if not boundary:
        raise BadPayload(None, "the content type has no boundary: send multipart/form-data; boundary=...")
    delimiter = b"--" + boundary.encode("utf-8", "replace")
    # Hand-written senders end lines with a bare line feed.
    line_end = b"\r\n" if delimiter + b"\r\n" in body else b"\n"
    if body.count(delimiter) > VALUES_MAX + 1:
        raise too_many()
    _preamble, *parts = (line_end + body).split(line_end + delimiter)
    if not parts or not parts[-1].startswith(b"--"):
        raise BadPayload(None, "the multipart body is cut off or its boundary differs: send it whole")
    found = [_part(part, line_end, codec) for part in parts[:-1]]
    return _gathered(pair for pair in found if pair is not None)


def _part(part: bytes, line_end: bytes, codec: str) -> tuple[str, Any] | None:
    """Name and value of one part, or None for a file input that was left empty."""
    start = part.find(line_end)
    end = part.find(line_end * 2, max(start, 0), _PART_HEADER_BYTES_MAX)
    if start < 0 or part[:start].strip() or end < 0:
        raise BadPayload(None, "a multipart part has no proper headers: send name and value for each part")
    headers: dict[str, str] = {}
    for line in part[start:end].decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = _parameters(headers.get("content-disposition", ""))
    if "name" not in disposition:
        raise BadPayload(None, "a multipart part has no name: add name=... to its Content-Disposition")
    key, content = disposition["name"], part[end + 2 * len(line_end) :]
    kind = media_type(headers.get("content-type", "text/plain"))
    filename = disposition.get("filename") or unquote_to_bytes(disposition.get("filename*", "").rpartition("'")[2]).decode(
        "utf-8", "replace"
    )
    if filename:
        return key, {"filename": filename, "size": len(content), "content_type": kind.name}
    if "filename" in disposition:
        return None
    # The part's own charset, where it names one.
    part_codec = _codec(kind.charset) if "charset" in headers.get("content-type", "").lower() else codec
    try:
        return key, content.decode(part_codec)
    except UnicodeDecodeError as error:
        raise _undecodable(pointer([key]), error) from None


def _codec(charset: str) -> str:
    if not charset:
        raise BadPayload(None, "the charset isn't understood: encode the body as UTF-8")
    return charset


def _undecodable(field: str | None, error: UnicodeDecodeError) -> BadPayload:
    return BadPayload(field, f"not valid {error.encoding.upper()} text: encode it as UTF-8")


def _gathered(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    nested = False
    for key, value in pairs:
        if "\x00" in key or (isinstance(value, str) and "\x00" in value):
            raise has_nul(pointer([key]))
        if key.endswith("]") and key.find("[") > 0:
            nested = True
            _put_nested(data, key, value)
        else:
            _put(data, key, value)
    if nested:
        for key, value in data.items():
            data[key] = _lists(value)
    return data


def _put(node: dict[str, Any], key: str, value: Any) -> None:
    """Set, or turn a repeated key into a list in the order sent."""
    if key not in node:
        node[key] = value
    elif isinstance(node[key], list):
        node[key].append(value)
    else:
        node[key] = [node[key], value]


def _put_nested(data: dict[str, Any], name: str, value: Any) -> None:
    """`a[b][c]` and `a[]` as PHP and Rails read them; where a name contradicts an earlier one it stays as it is."""
    head, _, rest = name.partition("[")
    steps = [head, *rest[:-1].split("][")]
    if len(steps) > DEPTH_MAX:
        raise too_deep(pointer([head]))
    try:
        _descend(data, steps, value)
    except _Conflict:
        _put(data, name, value)


def _descend(data: dict[str, Any], steps: list[str], value: Any) -> None:
    node: Any = data
    for step, after in itertools.pairwise(steps):
        if step == "":
            # `rows[][name]`: a name that the last row already has starts the next one.
            if not node or not isinstance(node[-1], dict) or (after in node[-1]):
                node.append([] if after == "" else {})
            node = node[-1]
        else:
            node = node.setdefault(step, [] if after == "" else {})
        if not isinstance(node, list if after == "" else dict):
            raise _Conflict
    if steps[-1] == "":
        node.append(value)
    else:
        _put(node, steps[-1], value)


def _lists(value: Any) -> Any:
    """Objects keyed 0, 1, 2, ... were lists."""
    if isinstance(value, list):
        return [_lists(item) for item in value]
    if not isinstance(value, dict) or (value.keys() == {"filename", "size", "content_type"}):
        return value
    items = {key: _lists(item) for key, item in value.items()}
    if list(items) == [str(index) for index in range(len(items))]:
        return list(items.values())
    return items
