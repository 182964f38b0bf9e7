"""A request about a lead -> commands. Pure: ids come in, and what is personal goes out unsealed beside its command."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from schemas.commands import (
    AddTask,
    AssignLead,
    ChangeStatus,
    ChangeTask,
    Command,
    EditLead,
    NoteLead,
    Status,
    TagLead,
    TaskState,
)
from schemas.free_mail import FREE_MAIL_DOMAINS
from schemas.message import Frozen, LeadId
from schemas.person import Note, Person, Task, Traits
from schemas.submissions import BlockLiftRequested, ContactEdited, ErasureRequested, MergeRequested, UnmergeRequested

PERSONAL: Final = ("email", "name", "first_name", "last_name", "phone", "phone_e164", "custom")
OPEN: Final = ("company",)
"""Fields of a lead that aren't personal and travel in the open."""


HashOf = Callable[[Literal["email", "phone"], str], str]


class Asker(NamedTuple):
    """Who asks, of which lead, under which id, and which version of it they saw (None: any)."""

    lead: LeadId
    command_id: str
    actor: str
    expected_version: int | None = None


def edit(asker: Asker, fields: Mapping[str, Any]) -> tuple[EditLead, Person | None]:
    """Change `fields` (None removes a value); the personal ones stand in the Person, to be sealed with the lead's key."""
    personal = {name: fields[name] for name in PERSONAL if name in fields}
    if "custom" in personal:
        personal["custom"] = personal["custom"] or {}
    command = EditLead(
        **asker._asdict(),
        fields=tuple(name for name in (*PERSONAL, *OPEN) if name in fields),
        changes={name: fields[name] for name in OPEN if name in fields},
    )
    return command, Person(**personal) if personal else None


def edit_contact(asker: Asker, fields: Mapping[str, Any], hashed: HashOf) -> tuple[ContactEdited, Person | None]:
    """As `edit`, where an address or number is given: who someone is may change, so it goes to `identity`."""
    command, person = edit(asker, fields)
    email, phone = fields.get("email"), fields.get("phone_e164")
    domain = None if email is None else email.strip().lower().rpartition("@")[2]
    traits = Traits(
        email_hash=None if email is None else hashed("email", email),
        phone_hash=None if phone is None else hashed("phone", phone),
        mail_domain=domain,
        free_mail=domain in FREE_MAIL_DOMAINS,
    )
    return ContactEdited(**asker._asdict(), fields=command.fields, changes=command.changes, traits=traits), person


def gives_contact(fields: Mapping[str, Any]) -> bool:
    """Whether an edit gives an address or a number (removing one claims nothing)."""
    return fields.get("email") is not None or fields.get("phone_e164") is not None


def change_status(asker: Asker, status: Status) -> ChangeStatus:
    """Move along the pipeline."""
    return ChangeStatus(**asker._asdict(), status=status)


def note(asker: Asker, text: str) -> tuple[NoteLead, Frozen]:
    """Write a note; its text is personal. The note's id is the command's, so that asking twice writes once."""
    return NoteLead(**asker._asdict(), note_id=asker.command_id), Note(text=text)


def tag(asker: Asker, added: Sequence[str], removed: Sequence[str]) -> TagLead:
    """Put tags on, take others off."""
    return TagLead(**asker._asdict(), added=tuple(added), removed=tuple(removed))


def add_task(asker: Asker, title: str, due_at: datetime | None, owner: str | None) -> tuple[AddTask, Frozen]:
    """Something to do; its title is personal. The task's id is the command's, so that asking twice adds once."""
    return AddTask(**asker._asdict(), task_id=asker.command_id, due_at=due_at, owner=owner), Task(title=title)


def change_task(asker: Asker, task: str, state: TaskState) -> ChangeTask:
    """Done, given up, or open again."""
    return ChangeTask(**asker._asdict(), task_id=task, state=state)


def assign(asker: Asker, owner: str | None) -> AssignLead:
    """Give to a person, or to nobody."""
    return AssignLead(**asker._asdict(), owner=owner)


def erase(asker: Asker, reason: str, *, block: bool = False) -> ErasureRequested:
    """Forget the person. Goes to `identity`, which owns claims and keys."""
    return ErasureRequested(lead=asker.lead, command_id=asker.command_id, actor=asker.actor, reason=reason, block=block)


def lift(command_id: str, actor: str, email: str | None, phone_e164: str | None, hashed: HashOf) -> BlockLiftRequested:
    """Let in again whoever this address is of, or this number. Goes to `identity`, which knows whose block it was."""
    kind: Literal["email", "phone"] = "phone" if email is None else "email"
    hash_ = hashed(kind, email or phone_e164 or "")
    return BlockLiftRequested(kind=kind, identity=hash_, command_id=command_id, actor=actor)


def merge(asker: Asker, loser: LeadId) -> MergeRequested:
    """`loser` and the asker's lead are one person. Goes to `identity`, which knows who is who."""
    return MergeRequested(lead=asker.lead, loser=loser, command_id=asker.command_id, actor=asker.actor)


def unmerge(asker: Asker, loser: LeadId) -> UnmergeRequested:
    """They are two after all."""
    return UnmergeRequested(lead=asker.lead, loser=loser, command_id=asker.command_id, actor=asker.actor)


AnyCommand = Command | ContactEdited | ErasureRequested | MergeRequested | UnmergeRequested
