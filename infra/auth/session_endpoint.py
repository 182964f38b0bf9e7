"""/v1/auth/sessions: where I am logged in, and how to end that."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from infra.auth.dependencies import LoggedIn
from infra.gateway.problems import not_found
from infra.gateway.services import Used

router = APIRouter(prefix="/v1/auth", tags=["auth"])


class SessionItem(BaseModel):
    """One place where this user is logged in."""

    id: str
    device: str = Field(description="What the browser says of itself")
    address: str
    begun_at: datetime
    last_used_at: datetime
    current: bool = Field(description="The one that this request belongs to")


class SessionList(BaseModel):
    """All of them, the one used last first."""

    items: list[SessionItem]


@router.get("/sessions")
async def sessions(given: Used, user: LoggedIn) -> SessionList:
    """Where I am logged in."""
    found = await given.sessions.listed(user.id)
    return SessionList(
        items=[
            SessionItem(
                id=one.id,
                device=one.device,
                address=one.address,
                begun_at=one.begun_at,
                last_used_at=one.last_used_at,
                current=one.id == user.session,
            )
            for one in found
        ]
    )


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: str, given: Used, user: LoggedIn) -> None:
    """End one of my sessions: its access token stops working within a second, everywhere."""
    ended = await given.sessions.end(user.id, session_id, "ended by the user")
    if not ended:
        raise not_found("session")
    given.ended.add(*ended)


@router.delete("/sessions", status_code=204)
async def end_other_sessions(given: Used, user: LoggedIn) -> None:
    """End all of my sessions but this one."""
    given.ended.add(*await given.sessions.end_all(user.id, "ended by the user", but=user.session))
