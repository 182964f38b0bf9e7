"""Cursors: where a page ended, as text that means nothing to who sends it back."""

import base64
import binascii
from typing import Any, Final

import orjson

from infra.gateway.problems import FieldError, Problem

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
CURSOR_CHARACTERS_MAX: Final = 1_500


def cursor(*place: Any) -> str:
    """`place` is what the keyset compares with, after the name of the order it belongs to."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def place(text: str, order: str, *kinds: type) -> list[Any]:
    """What `cursor(order, ...)` was made of, without the order. Raises Problem 422 for anything else."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    if not isinstance(found, list) or found[:1] != [order] or len(found) != len(kinds) + 1:
        raise bad_cursor()
    if not all(type(value) is kind and _storable(value) for value, kind in zip(found[1:], kinds, strict=True)):
        raise bad_cursor()
    return found[1:]


def _storable(value: Any) -> bool:
    """Whether PostgreSQL can compare with it."""
    return "\x00" not in value if isinstance(value, str) else abs(value) < 2**63


def bad_cursor() -> Problem:
    """422: not one of ours, or of another order."""
    wrong = FieldError("cursor", "not a cursor of this list in this order: start again without it")
    return Problem(422, "invalid", "Invalid request", "The cursor can't be used.", errors=[wrong])
