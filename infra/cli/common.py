"""What every command needs: settings, and errors as one clear sentence instead of a trace."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import asyncpg
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.text import Text

from infra.kafka.ports import LogUnavailable, StoreUnavailable, TopicRemade
from infra.settings import BadSettings, Settings, load
from infra.wiring.host import PortTaken, UnknownName

T = TypeVar("T")
# What is printed may quote a record or an error, and so may hold brackets: none of it is markup.
out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False)

EXPECTED = (BadSettings, UnknownName, PortTaken, TopicRemade, LogUnavailable, StoreUnavailable)


def settings() -> Settings:
    """From the environment, or exit 2 with what is wrong."""
    try:
        return load()
    except BadSettings as bad:
        fail(str(bad), 2)


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say it and exit."""
    err.print(Text.assemble(("leadflow:", "red"), f" {sentence}"), soft_wrap=True)
    raise typer.Exit(code)


def explain(error: BaseException) -> str | None:
    """One sentence for what can go wrong outside of us; None for a bug, which deserves its trace."""
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if isinstance(error, EXPECTED):
        return str(error)
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return f"the database lacks a table ({error}); run `leadflow migrate`"
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return f"PostgreSQL says: {error}"
    if isinstance(error, KafkaError):
        return f"Kafka says: {error}"
    if isinstance(error, OSError):
        return f"a server can't be reached: {error}"
    return None


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run with expected errors explained."""
    try:
        return asyncio.run(main)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        fail(sentence)
