"""lead_list -> GET /v1/leads/{id}/tasks and /v1/tasks: what is to be done, what is due first coming first."""

from datetime import datetime
from typing import Annotated, Any, Final

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel

from infra.auth.roles import User
from infra.gateway.services import Used
from projections import paging
from projections.access import ID_CHARACTERS_MAX, Reader, VisibleLead
from projections.lead_list.model import DUE

router = APIRouter()

ORDER: Final = "due"
ME: Final = "me"
NOBODY: Final = "none"

Limit = Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=paging.CURSOR_CHARACTERS_MAX)]
Open = Annotated[bool | None, Query(alias="open", description="true: those still to be done; false: those done or given up")]


class TaskItem(BaseModel):
    """Something to do. `due_at` null: some time; `owner` null: whoever comes."""

    id: str
    lead: str
    title: str | None
    due_at: datetime | None
    owner: str | None
    state: str
    added_at: datetime | None


class TaskPage(BaseModel):
    """What is due first comes first; `next` is the cursor of the page after, null at the end."""

    items: list[TaskItem]
    next: str | None


@router.get("/leads/{id}/tasks")
async def lead_tasks(
    given: Used, lead: VisibleLead, still_open: Open = None, limit: Limit = paging.LIMIT_DEFAULT, cursor: Cursor = None
) -> TaskPage:
    """What is, or was, to be done about a lead."""
    return await _page(given.pool, [("t.lead = {}", lead)], still_open, limit, cursor)


@router.get("/tasks")
async def list_tasks(
    given: Used,
    user: Reader,
    owner: Annotated[
        str | None, Query(max_length=ID_CHARACTERS_MAX, description="A person's id, `me`, or `none` for nobody's")
    ] = None,
    still_open: Open = None,
    limit: Limit = paging.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> TaskPage:
    """Tasks about leads that you may see."""
    conditions = _seen_by(user)
    if owner == NOBODY:
        conditions.append(("t.owner is null", None))
    elif owner is not None:
        conditions.append(("t.owner = {}", user.person or "" if owner == ME else owner.replace("\x00", "")))
    return await _page(given.pool, conditions, still_open, limit, cursor)


Condition = tuple[str, Any]
"""SQL with `{}` for its value, if it has one."""


def _seen_by(user: User) -> list[Condition]:
    return [] if user.sees_all else [("(l.owner is null or l.owner = any({}::text[]))", sorted(user.persons))]


async def _page(
    pool: asyncpg.Pool, conditions: list[Condition], still_open: bool | None, limit: int, after: str | None
) -> TaskPage:
    arguments: list[Any] = []

    def filled(sql: str, *values: Any) -> str:
        first = len(arguments) + 1
        arguments.extend(values)
        return sql.format(*(f"${number}" for number in range(first, first + len(values))))

    where = ["l.merged_into is null", *(filled(sql, value) if "{}" in sql else sql for sql, value in conditions)]
    if still_open is not None:
        where.append(f"t.state {'=' if still_open else '<>'} 'open'")
    due = DUE.replace("due_at", "t.due_at")
    if after is not None:
        place = filled("(coalesce({}::timestamptz, 'infinity'), {}, {})", *_place(after))
        where.append(f"({due}, t.lead, t.id) > {place}")
    rows = await pool.fetch(
        f"""select t.id, t.lead, t.title, t.due_at, t.owner, t.state, t.added_at
            from lead_list.tasks t join lead_list.leads l on l.id = t.lead where {" and ".join(where)}
            order by {due}, t.lead, t.id limit {filled("{}", limit + 1)}""",
        *arguments,
    )
    items = [TaskItem(**row) for row in rows[:limit]]
    return TaskPage(items=items, next=_cursor(items[-1]) if len(rows) > limit else None)


def _cursor(task: TaskItem) -> str:
    return paging.cursor(ORDER, "" if task.due_at is None else task.due_at.isoformat(), task.lead, task.id)


def _place(after: str) -> tuple[datetime | None, str, str]:
    due, lead, id_ = paging.place(after, ORDER, str, str, str)
    try:
        moment = datetime.fromisoformat(due) if due else None
    except ValueError:
        raise paging.bad_cursor() from None
    if moment is not None and moment.tzinfo is None:
        raise paging.bad_cursor()
    return moment, lead, id_
