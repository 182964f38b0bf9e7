"""POST /v1/leads/{id}/tasks and PATCH of one: what is to be done about a lead, and whether it is."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway import answers
from infra.gateway.problems import not_found
from infra.gateway.services import Used
from infra.gateway.values import Word, storable
from producers.commands import translate
from producers.commands.asking import MAY_WRITE, Answer, IdempotencyKey, IfMatch, Sending, check_owner
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
    user: Annotated[User, Depends(require(Permission.LEADS_EDIT))],
    idempotency_key: IdempotencyKey = None,
) -> TaskDone | answers.Pending:
    """Add a task to a lead. A rep may give it to themselves or to nobody."""
    await check_owner(given, user, asked.owner, "owner")
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
