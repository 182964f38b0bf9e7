"""Types of request fields that every store takes: text without NUL, JSON of bounded depth and size with numbers in range."""

import math
import re
from typing import Annotated, Any, Final

import phonenumbers
from pydantic import AfterValidator, Field, JsonValue

DEPTH_MAX: Final = 16
VALUES_MAX: Final = 1_000
INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1
_ADDRESS_OR_NUMBER: Final = re.compile(r"@|(?:\d[\s().+-]*){6}")


def storable(value: Any) -> Any:
    """The value itself. Raises ValueError saying what no store takes."""
    level, count = [value], 0
    for _ in range(DEPTH_MAX + 1):
        below: list[Any] = []
        for node in level:
            count += 1
            if count > VALUES_MAX:
                raise ValueError(f"has more than {VALUES_MAX} values")
            if isinstance(node, dict):
                below += [*node.keys(), *node.values()]
            elif isinstance(node, list):
                below += node
            else:
                _check_leaf(node)
        if not below:
            return value
        level = below
    raise ValueError(f"is nested deeper than {DEPTH_MAX} levels")


def _check_leaf(node: Any) -> None:
    if isinstance(node, str):
        if "\x00" in node:
            raise ValueError("contains a NUL character (U+0000)")
        if any("\ud800" <= character <= "\udfff" for character in node):
            raise ValueError("contains half of a surrogate pair")
    elif isinstance(node, float):
        if not math.isfinite(node):
            raise ValueError("contains a number that is not finite")
    elif isinstance(node, int) and not INTEGER_MIN <= node <= INTEGER_MAX:
        raise ValueError("contains a number beyond 64 bits: send it as text")


def address(email: str) -> str:
    """The e-mail address itself. Raises ValueError for what can't be one."""
    local, _, domain = email.rpartition("@")
    if not local or "." not in domain.strip(".") or " " in email or not email.isprintable():
        raise ValueError("isn't an e-mail address")
    return email


def e164(phone: str | None) -> str | None:
    """E.164 of a number in international form; None where its country would have to be guessed."""
    if not phone or not phone.lstrip().startswith("+"):
        return None
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    text: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text


def names_nobody(text: str) -> str:
    """The text itself. Raises ValueError for what may tell a person, where names stand in the open."""
    if _ADDRESS_OR_NUMBER.search(text):
        raise ValueError("names a kind, not a person: no addresses, no numbers of six digits and more")
    return text


Word = Annotated[str, Field(max_length=500), AfterValidator(storable)]
"""A line of text."""
Address = Annotated[str, Field(max_length=320), AfterValidator(storable), AfterValidator(address)]
"""An e-mail address, as far as its form tells."""
Phone = Annotated[str, Field(max_length=50), AfterValidator(storable)]
"""A phone number, as somebody writes it."""
Prose = Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(storable)]
"""A text of some length."""
Label = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable), AfterValidator(names_nobody)]
"""What something is called that isn't sealed."""
Custom = Annotated[dict[str, JsonValue], Field(max_length=200), AfterValidator(storable)]
"""Custom fields by name."""
