"""POST /v1/leads/bulk: one change of many leads, each a command of its own; GET /v1/bulk/{id} says what became of each.

A command's id is derived from the request's and the lead's, so that a repeat under the same Idempotency-Key asks nothing twice,
also where the first attempt ended half-way.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.auth.dependencies import forbidden, require
from infra.auth.roles import Permission, User
from infra.crypto.keyring import MissingKey
from infra.gateway import idempotency
from infra.gateway.outcomes import TooManyWaiting
from infra.gateway.problems import Problem, not_found, unavailable
from infra.gateway.services import Services, Used
from infra.gateway.values import Word
from infra.gateway.visibility import check_lead, may_give
from infra.kafka.ports import LogUnavailable
from producers.commands import translate
from producers.commands.asking import IdempotencyKey, TagChange, check_owner
from producers.commands.sending import record_of
from producers.commands.translate import Asker
from schemas.commands import Command, Status
from schemas.message import LeadId
from schemas.topics import COMMANDS, partition

router = APIRouter()

LEADS_MAX: Final = 500
PART: Final = 50
PAUSE_SECONDS_MAX: Final = 0.25
"""After each part `leads` is given as long to decide it, so that who asks something of one lead meanwhile is not kept waiting."""
KEPT_DAYS: Final = 30
_EXPIRED_PER_REQUEST_MAX: Final = 10

KEEP: Final = """
with expired as (
    delete from commands.bulks where id in (
        select id from commands.bulks where created_at < now() - make_interval(days => $5) limit $6
    )
)
insert into commands.bulks (id, actor, leads, refused) values ($1, $2, $3, $4::jsonb) on conflict (id) do nothing
"""
KEPT: Final = "select actor, leads, refused from commands.bulks where id = $1"
DECIDED: Final = """
select distinct on (command_id) command_id, status, detail, version, position from leads.outcomes
where command_id = any($1::text[]) order by command_id, decided_at desc
"""


class Change(BaseModel):
    """What is to be done to each lead: one of status, assign (a person's id, or null for nobody) and tag."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    assign: Word | None = None
    tag: TagChange | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Change":
        if len(self.model_fields_set) != 1:
            raise ValueError("ask for one thing: status, assign or tag")
        if "assign" not in self.model_fields_set and self.status is None and self.tag is None:
            raise ValueError("status and tag can't be null")
        return self


class BulkRequest(BaseModel):
    """Which leads, and what is to be done to each of them."""

    model_config = ConfigDict(extra="forbid")

    leads: Annotated[list[UUID], Field(min_length=1, max_length=LEADS_MAX)]
    do: Change


class BulkAccepted(BaseModel):
    """Everything was asked; `status_url` (also in Location) says what became of it."""

    id: str
    status_url: str


class Verdict(BaseModel):
    """What became of one lead's command: pending, done, declined, conflict, missing, erased or moved."""

    lead: str
    command_id: str
    status: str
    detail: str | None = None
    version: int | None = None
    position: str | None = None


class BulkState(BaseModel):
    """`done` once every lead has its verdict; `counts` are by status."""

    id: str
    done: bool
    counts: dict[str, int]
    items: list[Verdict]


@dataclass(frozen=True, slots=True)
class Bulk:
    """A request as it is kept. `refused`: lead -> why nothing was asked of it."""

    id: str
    actor: str
    leads: Sequence[str]
    refused: Mapping[str, str]

    def command_id(self, given: Services, lead: str) -> str:
        """The same for the same request and lead."""
        return given.ids.derived(f"bulk|{self.id}|{lead}")


# Said again, because what the routers around it say of 202 would take its place.
@router.post("/leads/bulk", status_code=202, responses={202: {"model": BulkAccepted}})
async def change_many(
    asked: BulkRequest,
    request: Request,
    response: Response,
    given: Used,
    user: Annotated[User, Depends(require(Permission.LEADS_EDIT))],
    idempotency_key: IdempotencyKey = None,
) -> BulkAccepted:
    """Change up to 500 leads. 202 says that each was asked; who may not see a lead finds it missing."""
    giving = "assign" in asked.do.model_fields_set
    if giving:
        if not user.may(Permission.LEADS_TAKE):
            raise forbidden(f"The role {user.role} lacks the permission {Permission.LEADS_TAKE.value}.")
        await check_owner(given, user, asked.do.assign, "do.assign")
    body = b"bulk|" + await request.body()
    now_ms = int(time.time() * 1000)
    id_ = await idempotency.claim(given.pool, given.ids, user, idempotency_key, body, now_ms=now_ms)
    leads = list(dict.fromkeys(str(lead) for lead in asked.leads))
    bulk = await _kept(given.pool, id_) or await _keep(given, user, id_, leads, giving=giving)
    commands = [
        _command(asked.do, Asker(LeadId(lead), bulk.command_id(given, lead), user.id))
        for lead in bulk.leads
        if lead not in bulk.refused
    ]
    await _publish(given, commands, request.headers.get("traceparent"))
    url = f"/v1/bulk/{id_}"
    response.headers["Location"] = url
    return BulkAccepted(id=id_, status_url=url)


@router.get("/bulk/{bulk_id}", tags=["commands"])
async def bulk_state(bulk_id: str, given: Used, user: Annotated[User, Depends(require(Permission.LEADS_EDIT))]) -> BulkState:
    """What became of each lead. For whoever asked for it, and for those who see all leads."""
    bulk = await _kept(given.pool, bulk_id) if given.ids.read(bulk_id) is not None else None
    if bulk is None or not (user.sees_all or user.id == bulk.actor):
        raise not_found("bulk request")
    ids = {lead: bulk.command_id(given, lead) for lead in bulk.leads}
    decided = {row["command_id"]: row for row in await given.pool.fetch(DECIDED, list(ids.values()))}
    items = [_verdict(given, lead, id_, bulk.refused.get(lead), decided.get(id_)) for lead, id_ in ids.items()]
    counts: dict[str, int] = {}
    for item in items:
        counts[item.status] = counts.get(item.status, 0) + 1
    return BulkState(id=bulk_id, done="pending" not in counts, counts=counts, items=items)


def _command(do: Change, asker: Asker) -> Command:
    if do.tag is not None:
        return translate.tag(asker, do.tag.add, do.tag.remove)
    return translate.assign(asker, do.assign) if do.status is None else translate.change_status(asker, do.status)


async def _keep(given: Services, user: User, id_: str, leads: list[str], *, giving: bool) -> Bulk:
    refused = await _refused(given, user, leads, giving=giving)
    text = orjson.dumps(refused).decode()
    await given.pool.execute(KEEP, id_, user.id, leads, text, KEPT_DAYS, _EXPIRED_PER_REQUEST_MAX)
    # The same request may have come twice at once: what was kept first counts.
    return await _kept(given.pool, id_) or Bulk(id_, user.id, leads, refused)


async def _kept(pool: asyncpg.Pool, id_: str) -> Bulk | None:
    row = await pool.fetchrow(KEPT, id_)
    return None if row is None else Bulk(id_, row["actor"], row["leads"], orjson.loads(row["refused"]))


async def _refused(given: Services, user: User, leads: Sequence[str], *, giving: bool) -> dict[str, str]:
    """Leads of which nothing is asked: not this user's business, not theirs to give, never there, or there no more."""
    refused = {}
    for lead in leads:
        try:
            await check_lead(given, user, lead)
        except Problem:
            refused[lead] = "missing"
            continue
        if giving and not await may_give(given, user, lead):
            refused[lead] = "declined"
    asked = [lead for lead in leads if lead not in refused]
    try:
        keys = await given.keyring.lead_keys(asked)
    except MissingKey as missing:
        refused |= dict.fromkeys(missing.leads, "missing")
        keys = await given.keyring.lead_keys([lead for lead in asked if lead not in refused])
    return refused | {lead: "erased" for lead, key in keys.items() if key is None}


async def _publish(given: Services, commands: Sequence[Command], trace: str | None) -> None:
    """Part by part. Raises Problem 503 if not all could be asked: the same request again asks for what is left."""
    count = COMMANDS.partitions(given.settings.kafka.partitions)
    for first in range(0, len(commands), PART):
        part = commands[first : first + PART]
        sending = [given.publisher.publish(COMMANDS, partition(one.lead, count), record_of(one, trace)) for one in part]
        failed = [
            result for result in await asyncio.gather(*sending, return_exceptions=True) if isinstance(result, BaseException)
        ]
        for failure in failed:
            if not isinstance(failure, LogUnavailable | OSError | TimeoutError):
                raise failure
        if failed:
            raise unavailable("The event log")
        if first + PART < len(commands):
            await _breathe(given, [one.command_id for one in part])


async def _breathe(given: Services, command_ids: Sequence[str]) -> None:
    try:
        await asyncio.gather(*(given.outcomes.wait(id_, PAUSE_SECONDS_MAX) for id_ in command_ids))
    except TooManyWaiting:
        await asyncio.sleep(PAUSE_SECONDS_MAX)


def _verdict(given: Services, lead: str, command_id: str, refused: str | None, decided: Any) -> Verdict:
    if refused is not None:
        return Verdict(lead=lead, command_id=command_id, status=refused)
    if decided is None:
        return Verdict(lead=lead, command_id=command_id, status="pending")
    where = partition(lead, COMMANDS.partitions(given.settings.kafka.partitions))
    return Verdict(
        lead=lead,
        command_id=command_id,
        status=decided["status"],
        detail=decided["detail"] or None,
        version=decided["version"],
        position=None if decided["position"] is None else f"{where}-{decided['position']}",
    )
