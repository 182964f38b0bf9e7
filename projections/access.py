"""Whether a lead is somebody's business: own and unassigned leads are everybody's, the others need `leads:all`."""

from typing import Annotated, Final

from fastapi import Depends, Path

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.services import Used
from infra.gateway.visibility import need_lead

ID_CHARACTERS_MAX: Final = 64

Reader = Annotated[User, Depends(require(Permission.LEADS_READ))]
LeadPath = Annotated[str, Path(alias="id", max_length=ID_CHARACTERS_MAX, pattern=r"^[0-9A-Za-z-]+$")]


async def visible_lead(given: Used, user: Reader, lead: LeadPath) -> str:
    """The id in the path, if there is such a lead and this user may see it. Raises Problem 404 in both other cases."""
    await need_lead(given, user, lead)
    return lead


VisibleLead = Annotated[str, Depends(visible_lead)]
