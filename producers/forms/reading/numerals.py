"""Numbers of JSON that are written in the only way they can be: from the text to the number and back nothing is lost."""

import re
from typing import Final

NUMERAL: Final = r"(?:-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]|-?[1-9][0-9]{0,17}|0)"
"""Within 64 bits, and few enough digits behind the point that none is written as a power of ten."""

is_plain_number = re.compile(NUMERAL).fullmatch


def number_of(text: str) -> int | float:
    """A plain number."""
    return float(text) if "." in text else int(text)
