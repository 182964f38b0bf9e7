"""Whose business is it? The one place where that is decided for single leads, and for what was sent.

`User.may_see` is the rule for an owner: everybody's for who holds `leads:all`, else one's own and the unassigned ones, and by
setting those of one's team; the others don't exist for them. Lists and searches filter by the same `sees_all` and `persons`.
Who may send leads but read none (an integration) may follow what they sent themselves.
"""

import dataclasses
import re
from typing import Final

import asyncpg

from infra.auth.roles import Permission, User
from infra.gateway.answers import ANOTHER_LEAD
from infra.gateway.outcomes import Decided
from infra.gateway.problems import not_found
from infra.gateway.services import Services

_LEAD: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def check_lead(given: Services, user: User, lead: str, *, what: str = "lead") -> None:
    """Raises Problem 404 if the lead isn't this user's business.

    A lead that the read model doesn't know (made a moment ago, or never) is let through: `leads` has the last word on it.
    """
    if user.sees_all:
        return
    if given.owner_of is None:
        raise not_found(what)
    found, owner = await given.owner_of(lead)
    if found and not user.may_see(owner):
        raise not_found(what)


async def may_hear_of(given: Services, user: User, lead: str) -> bool:
    """Whether whoever sent a submission is told which lead it came to: one that is there and their business.

    At once they are told nothing, and never of somebody else's lead. Who looks again later sees a new lead that is nobody's yet,
    as in the list; so what doesn't appear is somebody else's, or was turned away. Who may read no leads at all is told, as of all
    that they sent: an id and a version, which open nothing to them.
    """
    if user.sees_all or not user.may(Permission.LEADS_READ):
        return True
    found, owner = (False, None) if given.owner_of is None else await given.owner_of(lead)
    return found and user.may_see(owner)


async def as_told(given: Services, user: User, decided: Decided) -> Decided:
    """An outcome as this user hears of it: its detail names no other lead that isn't their business."""
    if user.sees_all:
        return decided
    detail = decided.detail
    for lead in set(_LEAD.findall(detail)) - {decided.lead}:
        found, owner = (False, None) if given.owner_of is None else await given.owner_of(lead)
        if not found or not user.may_see(owner):
            detail = detail.replace(f"the lead {lead}", ANOTHER_LEAD).replace(lead, ANOTHER_LEAD)
    return dataclasses.replace(decided, detail=detail)


async def may_give(given: Services, user: User, lead: str) -> bool:
    """Whether this user may say whose a lead is that they see: any, or else an own one and one of nobody's."""
    if user.may(Permission.LEADS_ASSIGN):
        return True
    found, owner = (False, None) if given.owner_of is None else await given.owner_of(lead)
    return not found or owner in (None, user.person)


async def need_lead(given: Services, user: User, lead: str) -> None:
    """Raises Problem 404 if there is no such lead in the read model, or it isn't this user's business."""
    exists, owner = (user.sees_all, None) if given.owner_of is None else await given.owner_of(lead)
    if not exists or not user.may_see(owner):
        raise not_found("lead")


async def may_follow(given: Services, user: User, id_: str, lead: str | None, *, what: str) -> bool:
    """Whether this user is told what became of a submission or command; False: no more than that it was received.

    `lead` is what it led to, as far as is known. Raises Problem 404 if it isn't this user's business.
    """
    if not user.may(Permission.LEADS_READ):
        if not await was_sent_by(given.pool, user, id_):
            raise not_found(what)
        return True
    if user.sees_all:
        return True
    submitted = await given.outcomes.of_submission(id_)
    decided = await given.outcomes.of(id_) if lead is None else None
    lead = lead if decided is None else decided.lead
    if lead is None:
        return False  # why nothing came of it may be what somebody wished before
    if submitted is None:  # a command, whose sender knows the lead
        await check_lead(given, user, lead, what=what)
        return True
    if await may_hear_of(given, user, lead):
        return True
    if not await was_sent_by(given.pool, user, id_):
        raise not_found(what)
    return False


async def remember_sent(pool: asyncpg.Pool, user: User, id_: str) -> None:
    """Of everybody who doesn't see all leads: by it they follow what they sent, whatever lead it came to."""
    if not user.sees_all:
        await pool.execute("insert into gateway.sent (id, actor) values ($1, $2) on conflict (id) do nothing", id_, user.id)


async def was_sent_by(pool: asyncpg.Pool, user: User, id_: str) -> bool:
    """Whether this user asked for it."""
    return bool(await pool.fetchval("select true from gateway.sent where id = $1 and actor = $2", id_, user.id))
