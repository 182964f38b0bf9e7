"""How PostgreSQL is reached, for pools, single connections and migrations alike."""

from typing import Any, Final

from infra.settings import Postgres
from infra.tls.contexts import context_of

CONNECT_TIMEOUT_SECONDS: Final = 10.0

Address = str | Postgres
"""An asyncpg URL alone, or with the settings of how to get in."""


def url_of(address: Address) -> str:
    """The asyncpg URL."""
    return address if isinstance(address, str) else address.url


def arguments(address: Address) -> dict[str, Any]:
    """What asyncpg's `connect` and `create_pool` need to get in. Raises BadSettings for an unusable certificate."""
    found: dict[str, Any] = {"dsn": url_of(address), "timeout": CONNECT_TIMEOUT_SECONDS}
    if isinstance(address, Postgres):
        if address.tls:
            found["ssl"] = context_of(address, "POSTGRES")
        if address.password is not None:
            found["password"] = address.password.get_secret_value()
    return found
