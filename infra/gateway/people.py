"""GET /v1/people: who can own leads, from the published documents `person` and `team`, and users who stand for a person."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from infra.auth import users
from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.documents.store import Version, latest
from infra.gateway.services import Used

router = APIRouter(prefix="/v1", tags=["people"])


class PersonItem(BaseModel):
    """Somebody who can own leads."""

    id: str
    name: str
    email: str
    team: str | None


class People(BaseModel):
    """Everybody who can own leads, by name."""

    items: list[PersonItem]


@router.get("/people")
async def people(given: Used, _user: Annotated[User, Depends(require(Permission.PEOPLE_READ))]) -> People:
    """Who can own leads."""
    return People(items=await everybody(given.pool))


async def everybody(pool: asyncpg.Pool) -> list[PersonItem]:
    """Who can own leads, by name."""
    return merged(await latest(pool, "person"), await latest(pool, "team"), await users.people(pool))


def merged(persons: dict[str, Version], teams: dict[str, Version], accounts: list[User]) -> list[PersonItem]:
    """Documents win over user accounts; nobody twice. The first team that somebody is in is theirs."""
    team_of: dict[str, str] = {}
    for name, team in sorted(teams.items()):
        for member in team.body.get("members") or ():
            team_of.setdefault(str(member.get("person")), str(team.body.get("label") or name))
    found = {one.person: PersonItem(id=one.person, name=one.name, email=one.email, team=None) for one in accounts if one.person}
    for id_, person in persons.items():
        found[id_] = PersonItem(
            id=id_, name=str(person.body.get("name") or id_), email=str(person.body.get("email") or ""), team=None
        )
    items = [item.model_copy(update={"team": team_of.get(item.id)}) for item in found.values()]
    return sorted(items, key=lambda item: (item.name, item.id))
