"""The body of a request that comes in parts, bounded in bytes and in time."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.gateway.problems import Problem

BODY_SECONDS_MAX: Final = 30.0


class Disconnected(Exception):
    """The sender went away before its body was read."""


async def whole_body(headers: Mapping[str, str], receive: Any, bytes_max: int, too_large: Callable[[], Problem]) -> bytes:
    """The whole body. Raises Problem `too_large` as soon as that is certain, 408 for one that takes for ever, Disconnected."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and (len(length) > 10 or int(length) > bytes_max):
        raise too_large()
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > bytes_max:
                    raise too_large()
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise Problem(408, "too-slow", "Request timeout", "The body took too long.") from None
