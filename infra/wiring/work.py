"""The worker process's pieces: who performs, where contacts are found, how results are reported."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from infra.effects.recorded import Recorded
from infra.effects.store import EffectStore
from infra.effects.worker import Worker
from infra.kafka.ports import Outgoing
from infra.kafka.reading import opener
from infra.mail.people import Contact
from infra.mail.smtp import SmtpPerformer
from infra.wiring import host
from schemas import topics
from schemas.commands import RecordMessage
from schemas.envelope import Envelope


class ReadModelPeople:
    """Implements infra.mail.people.People over the lead list and the published `person` documents."""

    def __init__(self, has: host.Base) -> None:
        self._has = has

    async def lead(self, lead_id: str) -> Contact | None:
        """None while the read model has not seen the lead, and once it is erased."""
        row = await self._has.pool.fetchrow(
            """select name, first_name, last_name, email, phone, company,
                   (select jsonb_object_agg(question, value) from lead_list.answers where lead = $1)::text as answers
               from lead_list.leads where id = $1""",
            lead_id,
        )
        if row is None:
            return None
        return Contact(
            id=lead_id,
            email=row["email"],
            name=row["name"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            phone=row["phone"],
            company=row["company"],
            answers=orjson.loads(row["answers"] or "{}"),
        )

    async def owner(self, person_id: str) -> Contact | None:
        """From the newest published document."""
        body = await self._has.pool.fetchval(
            "select body from documents.versions where kind = 'person' and name = $1 order by version desc limit 1", person_id
        )
        if body is None:
            return None
        person = orjson.loads(body)
        return Contact(id=person_id, email=person["email"], name=person.get("name"))


async def worker(has: host.Base) -> Worker:
    """Everything wired."""
    performer = SmtpPerformer(
        has.settings.mail,
        ReadModelPeople(has),
        has.keyring,
        public_url=has.settings.gateway.public_url,
        company_name=has.settings.mail.company_name,
    )

    async def publish(commands: Sequence[RecordMessage]) -> None:
        await asyncio.gather(*(_publish(has, command) for command in commands))

    recorded = Recorded(has.pool, opener(has.settings.kafka))
    return Worker(EffectStore(has.pool, has.keyring), {"mail": performer}, publish, recorded.look_back)


async def _publish(has: host.Base, command: RecordMessage) -> None:
    envelope = Envelope(command.command_id, command.TYPE, "work", datetime.now(UTC), subject=command.lead)
    record = Outgoing(command.lead.encode(), envelope.headers(), command.model_dump_json().encode())
    number = topics.partition(command.lead, has.settings.kafka.partitions)
    await has.producer.publish(topics.COMMANDS, number, record)
