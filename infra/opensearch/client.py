"""The client, bounded, and its failures in one word: whoever asks either gets an answer or SearchUnavailable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as NotConnected
from opensearchpy.exceptions import NotFoundError, TransportError

from infra.settings import OpenSearch
from infra.tls.contexts import context_of

TIMEOUT_SECONDS: Final = 10.0
CONNECTIONS_MAX: Final = 8
BUSY: Final = frozenset({429, 502, 503, 504})


class SearchUnavailable(Exception):
    """OpenSearch can't be reached, is too busy, or has not got the index yet: the same request may work later."""


def open_client(address: str | OpenSearch) -> AsyncOpenSearch:
    """A client that connects when first used; `address` is a URL or settings. The caller closes it with `await client.close()`.

    It never repeats a request by itself: who asks knows whether that is worth it. Raises BadSettings.
    """
    given = OpenSearch(url=address) if isinstance(address, str) else address
    more: dict[str, Any] = {}
    if given.url.startswith("https://"):
        more["ssl_context"] = context_of(given, "OPENSEARCH")
    if given.username is not None:
        more["http_auth"] = (given.username, "" if given.password is None else given.password.get_secret_value())
    return AsyncOpenSearch(
        hosts=[given.url], timeout=TIMEOUT_SECONDS, max_retries=0, retry_on_timeout=False, maxsize=CONNECTIONS_MAX, **more
    )


@asynccontextmanager
async def asked() -> AsyncIterator[None]:
    """Turns what may pass by itself into SearchUnavailable; what is our own mistake (a bad query) stays what it is."""
    try:
        yield
    except (NotConnected, NotFoundError) as gone:
        raise SearchUnavailable(type(gone).__name__) from gone
    except TransportError as failed:
        if failed.status_code in BUSY:
            raise SearchUnavailable(f"status {failed.status_code}") from failed
        raise
