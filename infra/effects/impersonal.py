"""What another server said, without whom it names: mail servers quote the address that they refuse. Pure."""

import re
from typing import Final

ADDRESS: Final = "[address]"
NUMBER: Final = "[number]"
LOOKED_AT_MAX: Final = 4_000
_SIGN: Final = r"(?:@|\uff20|%40|=40|&#64;|\+AEA-)"
_EDGE: Final = r"\s<>\[\](){},;:\"'`|"
# A quoted local part may hold anything; otherwise whatever hangs together around the sign goes.
_ADDRESS: Final = re.compile(rf'(?:"[^"]{{0,64}}"|[^{_EDGE}]{{1,320}})\s?{_SIGN}\s?[^{_EDGE}]{{1,320}}', re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.])\+?\d(?:[ ().-]{0,2}\d){6,}")
"""Seven digits and more; codes such as `550 5.1.1` have fewer."""


def impersonal(text: str) -> str:
    """The text with addresses and long numbers taken out. What lies beyond LOOKED_AT_MAX characters is dropped."""
    return _NUMBER.sub(NUMBER, _ADDRESS.sub(ADDRESS, text[:LOOKED_AT_MAX]))
