"""A fact in words for people. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from projections.history import activity_titles
from projections.history.described import Described
from schemas.activities import ActivityRecorded
from schemas.events import (
    BlockLifted,
    ConsentConfirmed,
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadMergedInto,
    LeadNoted,
    LeadReleased,
    LeadScored,
    LeadStatusChanged,
    LeadTagged,
    LeadUnmerged,
    LeadUpdated,
    MessagePlanned,
    MessageRecorded,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen, Message
from schemas.person import Agreement, Note, Person, Task

Names = Mapping[str, str]
"""Person id -> name."""

_OUTCOMES: Final = {
    "sent": "Mail sent",
    "failed": "Mail could not be sent",
    "suppressed": "Mail held back",
    "unknown": "Mail handed over, its fate unknown",
}
_TASKS: Final = {"done": "Task done", "open": "Task opened again", "cancelled": "Task given up"}
_FIELDS: Final = {"first_name": "first name", "last_name": "last name", "custom": "custom fields"}


def describe(type_: str, body: Message | None, person: Frozen | None, names: Names) -> Described:
    """A fact in words; one of an unknown type is called by it."""
    handler = _HANDLERS.get(type(body))
    return Described(type_) if handler is None else handler(body, person, names)


def actor_of(body: Message | None, source: str) -> str:
    """Who did it: a user, a source or a consumer."""
    if isinstance(body, LeadAbsorbed):
        return str(body.body.get("actor") or source)
    return str(getattr(body, "actor", "") or source)


def _captured(body: LeadCaptured, _person: Frozen | None, _names: Names) -> Described:
    by = body.source.form_name or body.source.vendor
    title = f"Came in by {by}" if body.first else f"Wrote again by {by}"
    detail: dict[str, Any] = {"submission": body.submission_id, "source": body.source.source_id, "vendor": body.source.vendor}
    if body.campaign:
        detail["campaign"] = body.campaign
    if body.consent is not None:
        detail["consent"] = body.consent
    if body.unconfirmed is not None:
        detail["awaits_confirmation"] = _agreed(body.unconfirmed)
    if body.quiet:
        detail["quiet"] = True
    return Described(title, detail)


def _confirmed(body: ConsentConfirmed, _person: Frozen | None, _names: Names) -> Described:
    return Described("Confirmed by mail what was ticked", _agreed(body.agreement))


def _agreed(agreement: Agreement) -> dict[str, Any]:
    return {"overall": agreement.overall, "purposes": list(agreement.purposes), "wording": agreement.wording}


def _updated(body: LeadUpdated, person: Frozen | None, _names: Names) -> Described:
    changed: dict[str, Any] = dict(body.changes)
    if isinstance(person, Person):
        changed |= {name: getattr(person, name) for name in body.fields if name in Person.model_fields}
    if body.fields == ("consents",):
        return Described(_consents(body), {"fields": list(body.fields), "changes": changed})
    words = ", ".join(_FIELDS.get(name, name) for name in body.fields)
    return Described(f"Changed {words}", {"fields": list(body.fields), "changes": changed})


def _consents(body: LeadUpdated) -> str:
    consents = body.changes.get("consents")
    given = consents if isinstance(consents, dict) else {}
    parts = [f"{'Agrees' if yes else 'No longer agrees'} to {purpose}" for purpose, yes in given.items()]
    return "; ".join(parts) or "Changed consents"


def _status_changed(body: LeadStatusChanged, _person: Frozen | None, _names: Names) -> Described:
    return Described(f"Status {body.before} → {body.status}", {"before": body.before, "status": body.status})


def _assigned(body: LeadAssigned, _person: Frozen | None, names: Names) -> Described:
    if body.owner is not None:
        title = f"Assigned to {names.get(body.owner, body.owner)}"
    else:
        title = "Owner removed" if body.request_id is None else "Nobody could take it"
    detail: dict[str, Any] = {"before": body.before, "owner": body.owner, "reason": body.reason, "path": list(body.path)}
    return Described(title, detail)


def _noted(body: LeadNoted, person: Frozen | None, _names: Names) -> Described:
    return Described("Note", {"note": body.note_id}, person.text if isinstance(person, Note) else None)


def _tagged(body: LeadTagged, _person: Frozen | None, _names: Names) -> Described:
    parts = [f"{word} {', '.join(tags)}" for word, tags in (("tagged", body.added), ("untagged", body.removed)) if tags]
    return Described("; ".join(parts).capitalize(), {"added": list(body.added), "removed": list(body.removed)})


def _task_added(body: TaskAdded, person: Frozen | None, names: Names) -> Described:
    title = "Task" if body.owner is None else f"Task for {names.get(body.owner, body.owner)}"
    detail = {"task": body.task_id, "owner": body.owner, "due_at": None if body.due_at is None else body.due_at.isoformat()}
    return Described(title, detail, person.title if isinstance(person, Task) else None)


def _task_changed(body: TaskChanged, _person: Frozen | None, _names: Names) -> Described:
    return Described(_TASKS[body.state], {"task": body.task_id, "before": body.before, "state": body.state})


def _scored(body: LeadScored, _person: Frozen | None, _names: Names) -> Described:
    detail = {
        "before": body.before,
        "score": body.score,
        "grade": body.grade,
        "rules_version": body.rules_version,
        "receipt": [line.model_dump() for line in body.receipt],
    }
    return Described(f"Score {body.before} → {body.score} (grade {body.grade})", detail)


def _planned(body: MessagePlanned, _person: Frozen | None, _names: Names) -> Described:
    detail = {"message": body.message_id, "template": body.template, "to": body.to, "reason": body.reason}
    return Described(f"Mail planned: {body.template}", detail | {"template_version": body.template_version})


def _recorded(body: MessageRecorded, _person: Frozen | None, _names: Names) -> Described:
    return Described(_OUTCOMES[body.outcome], {"message": body.message_id, "outcome": body.outcome, "detail": body.detail})


def _merged_into(body: LeadMergedInto, _person: Frozen | None, _names: Names) -> Described:
    title = "Merged into another lead" if body.asked is not None else "News taken along to the lead it was merged into"
    return Described(title, {"into": body.into})


def _unmerged(body: LeadUnmerged, _person: Frozen | None, _names: Names) -> Described:
    return Described("A lead of its own again", {"out_of": body.out_of})


def _absorbed(body: LeadAbsorbed, person: Frozen | None, names: Names) -> Described:
    """The other lead's fact in its own words, and whose it was, what kind of fact, and when it happened."""
    found = describe(body.fact_type, body.fact(), person, names)
    whose = {"merged_from": body.of, "fact_type": body.fact_type, "happened_at": body.occurred_at.isoformat()}
    return Described(found.title, found.detail | whose, found.text)


def _released(body: LeadReleased, _person: Frozen | None, _names: Names) -> Described:
    return Described("A merge was taken back", {"lead": body.origin})


def _erased(_body: LeadErased, _person: Frozen | None, _names: Names) -> Described:
    return Described("Erased")


def _lifted(_body: BlockLifted, _person: Frozen | None, _names: Names) -> Described:
    return Described("May come in again")


_HANDLERS: Final[Mapping[type[Any], Callable[[Any, Frozen | None, Names], Described]]] = {
    LeadCaptured: _captured,
    LeadUpdated: _updated,
    ConsentConfirmed: _confirmed,
    LeadStatusChanged: _status_changed,
    LeadAssigned: _assigned,
    LeadNoted: _noted,
    LeadTagged: _tagged,
    TaskAdded: _task_added,
    TaskChanged: _task_changed,
    LeadScored: _scored,
    MessagePlanned: _planned,
    MessageRecorded: _recorded,
    LeadMergedInto: _merged_into,
    LeadUnmerged: _unmerged,
    LeadAbsorbed: _absorbed,
    LeadReleased: _released,
    ActivityRecorded: activity_titles.recorded,
    LeadErased: _erased,
    BlockLifted: _lifted,
}
