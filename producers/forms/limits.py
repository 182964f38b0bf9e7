"""What a payload may hold, and the refusal that says where it holds more."""

from collections.abc import Iterable

DEPTH_MAX = 32
VALUES_MAX = 2_000
INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**64 - 1
FLOAT_MAX = 1e308
_POINTER_CHARACTERS_MAX = 200


class BadPayload(Exception):
    """The body can't be taken as it is.

    `field` is a JSON pointer to the culprit (None: the body as a whole); `message` says what the sender should do.
    Neither quotes a value, so both may be logged.
    """

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message if field is None else f"{field}: {message}")
        self.field = field
        self.message = message


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901 pointer to a path, shortened so that a hostile key can't fill a log."""
    text = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return text.replace("\x00", "\\u0000")[:_POINTER_CHARACTERS_MAX]


def too_deep(field: str | None = None) -> BadPayload:
    """The refusal for nesting."""
    return BadPayload(field, f"nested deeper than {DEPTH_MAX} levels: send a flatter body")


def too_many(field: str | None = None, values_max: int = VALUES_MAX) -> BadPayload:
    """The refusal for the number of values."""
    return BadPayload(field, f"more than {values_max:,} values: split it into several requests")


def has_nul(field: str | None = None) -> BadPayload:
    """The refusal for NUL characters, which no store takes."""
    return BadPayload(field, "contains a NUL character (U+0000): remove it")
