"""A lead that commands can be about, and the last command that was published."""

import uuid

from pydantic import BaseModel

from infra.kafka.publisher import Position
from schemas.commands import Command
from schemas.submissions import ContactEdited, ErasureRequested
from tests.infra.gateway.running import Running, read


async def done(here: Running, message: BaseModel, position: Position) -> None:
    """As if `leads` had done it."""
    assert isinstance(message, Command | ContactEdited | ErasureRequested)
    await here.outcome(message.command_id, message.lead, version=41, position=position.offset)


async def a_lead(here: Running, owner: str | None = None) -> str:
    """With a key, and known to the read model."""
    lead = str(uuid.uuid4())
    async with here.services.pool.acquire() as connection, connection.transaction():
        await here.services.keyring.create_lead_keys(connection, [lead])
    here.owners[lead] = owner
    return lead


def last(here: Running) -> BaseModel:
    """The command, opened as far as its envelope goes."""
    return read(here.publisher.records[-1].record)
