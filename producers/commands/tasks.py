"""POST /v1/leads/{id}/tasks and PATCH of one: what is to be done about a lead, and whether it is."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from infra.auth.dependencies import forbidden, require
from infra.auth.roles import Permission, User
from infra.gateway import answers
from infra.gateway.people import everybody
from infra.gateway.problems import FieldError, Problem, not_found
from infra.gateway.services import Used
from infra.gateway.values import Word, storable
from producers.commands import translate
from producers.commands.asking import MAY_WRITE, Answer, IdempotencyKey, IfMatch, Sending
from schemas.commands import TaskState

router = APIRouter(prefix="/leads/{lead}/tasks")

YEARS: Final = range(2000, 2200)


def _near(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"is not between {YEARS.start} and {YEARS.stop}")
    return moment.astimezone(UTC)


class NewTask(BaseModel):
    """What is to be done, until when, and by whom; null: some time, by whoever comes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
    due_at: Annotated[AwareDatetime, AfterValidator(_near)] | None = None
    owner: Word | None = None


class TaskChange(BaseModel):
    """What became of a task."""

    model_config = ConfigDict(extra="forbid")

    state: TaskState


class TaskDone(answers.Done):
    """`task` is the task's id; where the answer is 202, it is the command's."""

    task: str


@router.post("", status_code=201)
async def add_task(
    asked: NewTask,
    sender: Sending,
    given: Used,
    user: Annotated[User, Depends(require(Permission.LEADS_WRITE))],
    idempotency_key: IdempotencyKey = None,
) -> TaskDone | answers.Pending:
    """Add a task to a lead. A rep may give it to themselves or to nobody."""
    if not user.may(Permission.LEADS_ASSIGN) and asked.owner not in (None, user.person):
        raise forbidden("You may take a task yourself, not give it to others.")
    if asked.owner is not None and asked.owner not in {person.id for person in await everybody(given.pool)}:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("owner", "is nobody's id")])
    asker = await sender.begin(idempotency_key, None)
    answer = await sender.send(*translate.add_task(asker, asked.title, asked.due_at, asked.owner))
    return answer if isinstance(answer, answers.Pending) else TaskDone(**answer.model_dump(), task=asker.command_id)


@router.patch("/{task}", dependencies=[MAY_WRITE])
async def change_task(
    task: str, asked: TaskChange, sender: Sending, given: Used, if_match: IfMatch = None, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Say that a task is done, given up (`cancelled`), or open again."""
    if given.ids.read(task) is None:
        raise not_found("task")
    return await sender.send(translate.change_task(await sender.begin(idempotency_key, if_match), task, asked.state))
