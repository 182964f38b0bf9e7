"""What every simulated part is made of: the two ways to give the word back, and the way to say that a promise was broken."""

import types
from collections.abc import Generator


class Violation(AssertionError):
    """A promise was broken; the text says which."""


@types.coroutine
def pause(label: str) -> Generator[str, None, None]:
    """Give the word back to the scheduler."""
    yield label


@types.coroutine
def sleep(ms: int) -> Generator[int, None, None]:
    """Give the word back and don't ask for it for so long."""
    yield ms
