"""Whose lead is it? A rep's own and the unassigned ones are theirs to see and to change; the others don't exist for them."""

from infra.auth.roles import User
from infra.gateway.problems import not_found
from infra.gateway.services import Services


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
