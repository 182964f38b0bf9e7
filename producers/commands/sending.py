"""A command -> its topic, awaited: sealed with the lead's key, published without origin, answered from its outcome."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from infra.auth.roles import User
from infra.crypto.codec import seal_person
from infra.crypto.keyring import MissingKey
from infra.gateway import answers, idempotency
from infra.gateway.appending import append
from infra.gateway.outcomes import Decided
from infra.gateway.problems import Problem, not_found
from infra.gateway.services import Services
from infra.gateway.versions import expected_version
from infra.gateway.visibility import as_told, check_lead
from infra.kafka.ports import Outgoing
from producers.commands import translate
from producers.commands.translate import AnyCommand, Asker
from schemas.envelope import Envelope, trace_of
from schemas.message import Frozen, LeadId
from schemas.submissions import BlockLiftRequested

SOURCE: Final = "gateway"


def lead_id(text: str) -> LeadId:
    """The usual spelling of a lead's id. Raises Problem 404 for what can't be one."""
    try:
        return LeadId(str(UUID(text)))
    except ValueError:
        raise not_found("lead") from None


def record_of(command: AnyCommand | BlockLiftRequested, trace: str | None) -> Outgoing:
    """As it is published: sealed already, and without origin, since its id tells it."""
    key = command.key()
    envelope = Envelope(
        id=command.command_id,
        type=command.TYPE,
        source=SOURCE,
        occurred_at=datetime.now(UTC),
        subject=command.lead,
        trace=trace_of(trace),
    )
    return Outgoing(None if key is None else key.encode(), envelope.headers(), command.model_dump_json().encode())


class Sender:
    """One request about one lead."""

    def __init__(self, given: Services, user: User, request: Request, response: Response, lead: LeadId) -> None:
        self._given = given
        self._user = user
        self._request = request
        self._response = response
        self.lead = lead

    async def begin(self, key: str | None, if_match: str | None) -> Asker:
        """Who asks, once it is sure that they may. Raises Problem 404, 400, and 422 for a key used for something else."""
        version = expected_version(if_match)
        await check_lead(self._given, self._user, self.lead)
        asked = f"{self._request.method} {self._request.url.path}|{version}|".encode() + await self._request.body()
        now_ms = int(time.time() * 1000)
        id_ = await idempotency.claim(self._given.pool, self._given.ids, self._user, key, asked, now_ms=now_ms)
        return Asker(self.lead, id_, self._user.id, version)

    def second_id(self, command_id: str) -> str:
        """The id of a request's second command: the same for the same first one."""
        return self._given.ids.derived(f"second|{command_id}")

    async def send(self, command: AnyCommand, personal: Frozen | None = None) -> answers.Done | answers.Pending:
        """Publish and wait. A command that was decided before is answered from its outcome.

        Raises Problem 404, 410, 412, 422 from the outcome, 503 where nothing was done.
        """
        decided = await self._given.outcomes.of(command.command_id)
        if decided is None:
            await self._publish(command, personal)
            outcome = await answers.awaited(self._given, command.command_id)
            decided = outcome if isinstance(outcome, Decided) else None
        if decided is None:
            return answers.pending(command.command_id, self._response)
        return answers.done(self._given, await as_told(self._given, self._user, decided), self._response)

    async def edit(self, asker: Asker, fields: Mapping[str, Any]) -> answers.Done | answers.Pending:
        """Change fields; a new address or number goes the way of submissions. Raises as `send` does."""
        if translate.gives_contact(fields):
            return await self.send(*translate.edit_contact(asker, fields, self._given.keyring.hash))
        return await self.send(*translate.edit(asker, fields))

    async def _publish(self, command: AnyCommand, personal: Frozen | None) -> None:
        try:
            key = (await self._given.keyring.lead_keys([self.lead]))[self.lead]
        except MissingKey:
            raise not_found("lead") from None
        if key is None:
            raise Problem(410, "erased", "Erased", "The lead was erased.")
        if personal is not None:
            command = command.model_copy(update={"personal": seal_person(key, personal, self.lead)})
        record = record_of(command, self._request.headers.get("traceparent"))
        await append(self._given, command.TOPIC, self.lead, record)
