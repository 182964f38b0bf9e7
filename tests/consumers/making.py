"""Facts and events as the log would hold them, for tests of folds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.kafka.fold import Decision, Document, Documents, Event, Fold
from schemas.events import DocumentPublished, LeadAbsorbed, LeadAssigned, LeadCaptured, LeadErased
from schemas.message import Frozen, LeadId, Message
from schemas.person import Source, Traits

LEAD = LeadId("018f0000-0000-7000-8000-000000000001")
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HASH = "ab" * 32


def event(body: Message, offset: int = 0, partition: int = 0, id_: str | None = None) -> Event[Any]:
    at = START + timedelta(seconds=offset)
    return Event(id_ or f"event-{partition}-{offset}", body.TYPE, body, at, at, partition, offset)


def traits(**changes: Any) -> Traits:
    return Traits(**{"email_hash": HASH, "mail_domain": "harbour.example", "filled": ("email",), **changes})


def captured(**changes: Any) -> LeadCaptured:
    known = {
        "lead": LEAD,
        "version": 1,
        "first": True,
        "submission_id": "submission-1",
        "source": Source(vendor="typeform", source_id="source-1", form_name="Newsletter"),
        "traits": traits(),
    }
    return LeadCaptured(**{**known, **changes})


def assigned(owner: str | None, **changes: Any) -> LeadAssigned:
    return LeadAssigned(**{"lead": LEAD, "version": 2, "before": None, "owner": owner, "actor": "routing.pools", **changes})


def erased() -> LeadErased:
    return LeadErased(lead=LEAD, version=9, actor="admin")


def absorbed(body: Message, origin: str = "other") -> LeadAbsorbed:
    """A fact of another lead that was merged into LEAD."""
    return LeadAbsorbed(
        lead=LEAD,
        version=5,
        origin=origin,
        of=origin,
        event_id="e",
        fact_type=body.TYPE,
        occurred_at=START,
        body=body.model_dump(mode="json", exclude={"lead", "personal"}),
    )


def published(document: Document, name: str = "default", version: int = 1) -> DocumentPublished:
    body = document.model_dump(mode="json")
    return DocumentPublished(kind=document.KIND, name=name, version=version, body=body, actor="admin")


def documents(*bodies: tuple[str, int, Document]) -> Documents:
    """Documents in force: (name, version, body) each."""
    return Documents({(body.KIND, name): (version, body) for name, version, body in bodies})


class Folding:
    """A fold in memory: what the runtime would do with its states and documents, and nothing else."""

    def __init__(self, fold: Fold[Any], in_force: Documents | None = None) -> None:
        self.fold = fold
        self.documents = in_force or Documents()
        self.states: dict[str, Frozen] = {}
        self.decisions: list[Decision[Any]] = []
        self._kinds = {kind.KIND: kind for kind in fold.documents}

    def feed(self, *bodies: Message) -> Decision[Any]:
        """Decide each in order; the last decision."""
        for body in bodies:
            offset = len(self.decisions)
            if isinstance(body, DocumentPublished) and body.kind in self._kinds:
                document = self._kinds[body.kind].model_validate(body.body)
                self.documents = self.documents.replaced(body.kind, body.name, body.version, document)
            key, handler = self.fold.key(body), self.fold.handlers.get(type(body))
            if handler is None:
                decision = Decision(self.state())
            else:
                assert key is not None
                decision = handler(self.state(key), event(body, offset), self.documents)
                # As the store would: only what survives JSON is remembered.
                self.states[key] = self.fold.state.model_validate_json(decision.state.model_dump_json())
            self.decisions.append(decision)
        return self.decisions[-1]

    def state(self, key: str = LEAD) -> Any:
        return self.states.get(key, self.fold.state())

    @property
    def written(self) -> list[Message]:
        return [message for decision in self.decisions for message in decision.events]
