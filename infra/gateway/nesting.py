"""How deep is it? Looked at before a parser recurses into it."""

import re
from typing import Final

DEPTH_MAX: Final = 64
_OPENING: Final = (b"[", b"{")
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def too_deep(text: bytes, depth_max: int = DEPTH_MAX) -> bool:
    """Whether JSON is nested deeper. Most bodies have too few brackets for that, which is all that is counted of them."""
    if sum(text.count(opening) for opening in _OPENING) <= depth_max:
        return False
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token[0][:1]
        if first in _OPENING:
            depth += 1
            if depth > depth_max:
                return True
        elif first != b'"':
            depth = max(0, depth - 1)
    return False
