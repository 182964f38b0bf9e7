"""GET /v1/mailbox: whether replies are read, and how far."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.services import Used
from producers.mailbox.positions import Positions

router = APIRouter(prefix="/v1", tags=["mailbox"])


class MailboxState(BaseModel):
    """One that was read. `told_at`: when something in it was last told of; `problem`: why it could not be read the last time."""

    name: str
    uid: int | None
    told_at: datetime | None
    looked_at: datetime
    problem: str | None


class Mailboxes(BaseModel):
    """Those that were ever read, the last one first; none where no mailbox is set."""

    items: list[MailboxState]


@router.get("/mailbox")
async def mailbox_state(given: Used, _user: Annotated[User, Depends(require(Permission.SOURCES_READ))]) -> Mailboxes:
    """Where replies to our mails are read from, and whether that works."""
    found = await Positions(given.pool).listed()
    return Mailboxes(items=[MailboxState(**{name: getattr(one, name) for name in MailboxState.model_fields}) for one in found])
