"""Bytes and a content type -> plain, bounded data.

The hot path: for the ordinary body everything beyond the parser is a handful of byte searches; the walk that finds
a culprit's path runs only where one of them hits.
"""

import json
import re
from functools import lru_cache
from typing import Any

import orjson

from producers.forms.encodings import CONTENT_TYPE_CHARACTERS_MAX, MediaType, form_data, media_type, multipart_data
from producers.forms.limits import (
    DEPTH_MAX,
    FLOAT_MAX,
    INTEGER_MAX,
    INTEGER_MIN,
    VALUES_MAX,
    BadPayload,
    has_nul,
    pointer,
    too_deep,
    too_many,
)

__all__ = ["BadPayload", "check", "text_of"]

_BOM = b"\xef\xbb\xbf"
# A long run of digits or a three-digit exponent: only then can a number be out of range.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_RUN = b"0" * 19
# The same where a number may stand, which is not within a hex id.
_LARGE_NUMBER = re.compile(rb"[\[:,\s]-?[0-9](?:[0-9]{18}|[0-9.]*[eE]\+?[0-9]{3})")
_cached_media_type = lru_cache(maxsize=512)(media_type)


def check(body: bytes, content_type: str | None, values_max: int = VALUES_MAX) -> Any:
    """The body as JSON-like data (dict or list at the top), within `limits`.

    Text is NUL-free Unicode, integers fit 64 bits and floats are finite, so that every store takes them. Form
    encodings give a dict: repeated and `[]` names become lists, `a[b]` nests, an uploaded file is noted as
    `{"filename", "size", "content_type"}` and not kept.

    Raises BadPayload and nothing else.
    """
    if content_type == "application/json":
        return _json(body, values_max)
    kind = _cached_media_type(content_type[:CONTENT_TYPE_CHARACTERS_MAX]) if content_type else MediaType("", "utf-8", "")
    if not body.strip():
        raise BadPayload(None, "the body is empty: send the form's fields")
    if kind.name == "application/json" or _looks_like_json(body, kind):
        return _json(body, values_max)
    if kind.name in ("application/x-www-form-urlencoded", ""):
        return form_data(body, kind.charset)
    if kind.name == "multipart/form-data":
        return multipart_data(body, kind.boundary, kind.charset)
    raise BadPayload(
        None,
        "the content type isn't understood: send application/json, application/x-www-form-urlencoded or multipart/form-data",
    )


def text_of(body: bytes) -> str | None:
    """The body as text; None if it isn't UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _looks_like_json(body: bytes, kind: MediaType) -> bool:
    """Many senders post JSON as text/plain, as a form, or without a type; no form body starts with a bracket."""
    if kind.name not in ("", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"):
        return False
    start = body.removeprefix(_BOM).lstrip()[:1]
    return start in (b"{", b"[")


def _json(body: bytes, values_max: int) -> Any:
    if body.startswith(_BOM):
        body = body[3:]
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(body, error) from None
    if data.__class__ is not dict and data.__class__ is not list:
        raise BadPayload(None, "send a JSON object (or an array of objects), not a single value")
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > DEPTH_MAX or brackets + body.count(b",") > values_max:
        _check_shape(data, values_max)
    if b"\\u0000" in body:
        _refuse_nul(data)
    shadow = body.translate(_DIGITS_TO_ZERO)
    suspect = _LONG_RUN in shadow or b"0e000" in shadow or b"0e+000" in shadow
    if suspect and _LARGE_NUMBER.search(body) is not None:
        _refuse_large_numbers(body)
    return data


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> BadPayload:
    if not body.strip():
        return BadPayload(None, "the body is empty: send a JSON object")
    reason = error.msg
    if "depth limit" in reason:
        return too_deep()
    if "infinity" in reason:
        return BadPayload(None, f"a number is too large (line {error.lineno}, column {error.colno}): send it as text")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return BadPayload(None, f"not valid UTF-8 at byte {wrong.start}: encode the body as UTF-8")
    return BadPayload(None, f"not valid JSON at line {error.lineno}, column {error.colno}: {reason.split(': line')[0]}")


def _check_shape(data: Any, values_max: int) -> None:
    """Depth and number of values, level by level (the outermost object itself is not counted)."""
    level, count = [data], 0
    for _depth in range(DEPTH_MAX):
        below: list[Any] = []
        for node in level:
            count += len(node)
            if count > values_max:
                raise too_many(values_max=values_max)
            values = node.values() if node.__class__ is dict else node
            below += [value for value in values if value.__class__ is dict or value.__class__ is list]
        if not below:
            return
        level = below
    raise too_deep(pointer(_first_path_of_depth(data)))


def _first_path_of_depth(data: Any) -> list[str | int]:
    """The way to the first container that is one level too deep."""
    stack: list[tuple[list[str | int], Any]] = [([], data)]
    while stack:
        path, node = stack.pop()
        if len(path) == DEPTH_MAX:
            return path
        stack += [([*path, step], value) for step, value in _steps(node) if isinstance(value, dict | list)]
    return []


def _steps(node: Any) -> list[tuple[str | int, Any]]:
    return list(node.items()) if isinstance(node, dict) else list(enumerate(node))


def _refuse_nul(data: Any) -> None:
    """Raise for the first NUL in a key or a text; an escaped backslash before `u0000` is innocent."""
    stack: list[tuple[list[str | int], Any]] = [([], data)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            for key in node:
                if "\x00" in key:
                    raise has_nul(pointer([*path, key]))
        if isinstance(node, dict | list):
            stack += [([*path, step], value) for step, value in _steps(node)]
        elif isinstance(node, str) and "\x00" in node:
            raise has_nul(pointer(path))


class _TooLarge:
    """Stands where a number out of range was."""


def _integer(digits: str) -> int | _TooLarge:
    # Twenty digits and a sign are the longest that can fit; longer text costs quadratic time to read.
    if len(digits) > 21:
        return _TooLarge()
    value = int(digits)
    return value if INTEGER_MIN <= value <= INTEGER_MAX else _TooLarge()


def _refuse_large_numbers(body: bytes) -> None:
    """Read once more with the exact parser: the fast one turns an integer beyond 64 bits into a float."""

    def read_float(digits: str) -> float | _TooLarge:
        value = float(digits)
        return value if -FLOAT_MAX <= value <= FLOAT_MAX else _TooLarge()

    stack: list[tuple[list[str | int], Any]] = [([], json.loads(body, parse_int=_integer, parse_float=read_float))]
    while stack:
        path, node = stack.pop()
        if isinstance(node, _TooLarge):
            raise BadPayload(pointer(path), "the number is too large for 64 bits: send it as text")
        if isinstance(node, dict | list):
            stack += [([*path, step], value) for step, value in _steps(node)]
