"""What the requests about leads have in common: who sends them, their headers, and fields that several take."""

from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from infra.auth.dependencies import CurrentUser, forbidden, require
from infra.auth.roles import Permission, User
from infra.gateway import answers
from infra.gateway.people import everybody
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import Services, Used
from infra.gateway.values import names_nobody, storable
from producers.commands.sending import Sender, lead_id

TAG_CHARACTERS_MAX: Final = 50
TAGS_AT_ONCE_MAX: Final = 50

MAY_WRITE: Final = Depends(require(Permission.LEADS_EDIT))


async def _sender(lead: str, request: Request, response: Response, given: Used, user: CurrentUser) -> Sender:
    return Sender(given, user, request, response, lead_id(lead))


Sending = Annotated[Sender, Depends(_sender)]
IfMatch = Annotated[str | None, Header()]
IdempotencyKey = Annotated[str | None, Header()]
Answer = answers.Done | answers.Pending


def tag_name(text: str) -> str:
    """A tag as it is kept: lower case, single spaces. Raises ValueError for what may tell a person, since tags are not sealed."""
    name = " ".join(text.split()).casefold()
    if not 0 < len(name) <= TAG_CHARACTERS_MAX:
        raise ValueError(f"has 1 to {TAG_CHARACTERS_MAX} characters")
    return names_nobody(name)


Tag = Annotated[str, Field(max_length=4 * TAG_CHARACTERS_MAX), AfterValidator(storable), AfterValidator(tag_name)]
Tags = Annotated[list[Tag], Field(max_length=TAGS_AT_ONCE_MAX)]


async def check_owner(given: Services, user: User, owner: str | None, field: str) -> None:
    """A rep gives to themselves or to nobody, the others to anybody who is somebody. Raises Problem 403 or 422."""
    if not user.may(Permission.LEADS_ASSIGN) and owner not in (None, user.person):
        raise forbidden("You may take it yourself, not give it to others.")
    if owner is not None and owner not in {person.id for person in await everybody(given.pool)}:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError(field, "is nobody's id")])


class TagChange(BaseModel):
    """Tags to put on and to take off; case and spaces around make no difference."""

    model_config = ConfigDict(extra="forbid")

    add: Tags = []
    remove: Tags = []

    @model_validator(mode="after")
    def _asks_for_something(self) -> "TagChange":
        if not self.add and not self.remove:
            raise ValueError("name at least one tag to add or to remove")
        if both := set(self.add) & set(self.remove):
            raise ValueError(f"{len(both)} of the tags are both added and removed")
        return self
