"""A pool of asyncpg connections whose every session is bounded: no lock and no open transaction is waited for without end."""

from typing import Final

import asyncpg

from infra.postgres.connecting import Address, arguments

LOCK_TIMEOUT_MS: Final = 2_000
IDLE_IN_TRANSACTION_TIMEOUT_MS: Final = 5_000
COMMAND_TIMEOUT_SECONDS: Final = 60.0
STATEMENTS_CACHED_MAX: Final = 256
"""All of one process, 160 for those that host every consumer and read model."""

UNAVAILABLE: Final[tuple[type[Exception], ...]] = (
    OSError,  # with TimeoutError
    asyncpg.InterfaceError,
    # What a connection says that was cut off in mid-operation: "cannot switch to state ...".
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What asyncpg raises where the server, not the statement, is the trouble: worth trying again."""


async def _as_it_is(_connection: object) -> None:
    """Nothing that we run outlives its transaction in a session, so a release needs no round trip to undo it.

    asyncpg itself has ended what was open by then.
    """


async def open_pool(address: Address, *, name: str, size: int = 4) -> asyncpg.Pool:
    """Connections for one consumer, projection or process; the caller closes the pool.

    Args:
        address: settings, or an asyncpg URL alone; a Unix socket as `postgresql://user@/db?host=/dir`.
        name: shown by PostgreSQL as application_name `leadflow-NAME`.
        size: connections at most; one is opened at once, so that an unreachable server is noticed here.

    Raises OSError or asyncpg.PostgresError if the server can't be reached.
    """
    return await asyncpg.create_pool(
        **arguments(address),
        min_size=1,
        max_size=size,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        # The same for ever; and a timer for each would keep alive what was at work when it was first used.
        max_cached_statement_lifetime=0,
        statement_cache_size=STATEMENTS_CACHED_MAX,
        reset=_as_it_is,
        server_settings={
            "application_name": f"leadflow-{name}",
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            # Our statements are short; compiling one costs more than running it.
            "jit": "off",
        },
    )
