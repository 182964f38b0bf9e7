"""The way of a submission, put together from what each hop left behind. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from infra.gateway.ids import Known
from infra.gateway.outcomes import Decided, Identified
from projections.history.queries import Captured, Reader
from projections.history.shapes import Hop, SubmissionStatus, Trace

NOT_YET: Final = "not yet"
NOTHING: Final = "saw it and did nothing"
_IDENTITY_DETAIL: Final = {
    "processed": "it belongs to a lead",
    "spam": "kept out as spam",
    "test": "a test of its form, kept out",
    "rejected": "can't be handled; it lies with the dead letters",
    "reference": "it only names somebody; the details come as a submission of their own",
    "event": "news that make no lead",
    "activity": "what a lead did, or what became of mail to it",
    "stranger": "activity of somebody who is no lead",
}
_STATUS: Final[Mapping[str, SubmissionStatus]] = {
    "duplicate": "duplicate",
    "spam": "spam",
    "test": "test",
    "rejected": "rejected",
}
"""The rest is processed, also what makes no lead: all that there was to do with it is done."""


@dataclass(frozen=True, slots=True)
class Later:
    """A fact about the lead after the capture. `by` is the schema of its writer, `actor` who asked `leads` for it."""

    type: str
    offset: int
    cause_offset: int | None
    by: str
    actor: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Followed:
    """How far the log was read behind the capture.

    Attributes:
        captured: None as long as history has not seen it.
        buried: consumer (as a schema) -> why it could not handle the capture.
        read_models: schemas that keep tables and write nothing to the log.
    """

    captured: Captured | None
    readers: Sequence[Reader] = ()
    later: Sequence[Later] = ()
    buried: Mapping[str, str] | None = None
    read_models: frozenset[str] = frozenset()


def trace(
    id_: str,
    known: Known | None,
    identified: Identified | None,
    decided: Decided | None,
    lead_partition: int | None,
    followed: Followed,
) -> Trace:
    """The whole way; `lead_partition` is where `leads` reads what is asked of the lead."""
    ignored = known is not None and known.ignored
    place = None if identified is None else f"{identified.partition}-{identified.offset}"
    hops = [
        Hop(
            name="intake",
            at=None if known is None else known.received_at,
            position=place,
            verdict="ignored" if ignored else "accepted",
            detail="it asks for nothing (a ping, or an event that is no submission)" if ignored else None,
        )
    ]
    if ignored:
        return Trace(id=id_, status="received", lead_id=None, hops=hops)
    hops.append(_identity(identified, place))
    if identified is None:
        return Trace(id=id_, status="received", lead_id=None, hops=hops)
    status = _STATUS.get(identified.status, "processed")
    if identified.status == "processed":
        hops.append(_leads(decided, lead_partition))
        if decided is None:
            status = "received"
        elif decided.status == "done":
            hops.extend(_readers(followed))
    elif identified.status == "activity":
        hops.append(_leads(decided, lead_partition, "it wrote activity.recorded.v1"))
    return Trace(id=id_, status=status, lead_id=identified.lead, hops=hops)


def received(found: Trace) -> Trace:
    """As far as its sender is told who may not see where it led: the same as before it led anywhere."""
    hops = [hop.model_copy(update={"position": None}) for hop in found.hops[:1]]
    return Trace(id=found.id, status="received", lead_id=None, hops=hops)


def _identity(identified: Identified | None, place: str | None) -> Hop:
    if identified is None:
        return Hop(name="identity", at=None, position=None, verdict=NOT_YET, detail=None)
    detail = identified.reason or _IDENTITY_DETAIL.get(identified.status)
    if identified.status == "duplicate":
        detail = f"it repeats {identified.first_submission}"
    return Hop(name="identity", at=identified.at, position=place, verdict=identified.status, detail=detail)


def _leads(decided: Decided | None, partition: int | None, wrote: str = "it wrote lead.captured.v1") -> Hop:
    if decided is None:
        return Hop(name="leads", at=None, position=None, verdict=NOT_YET, detail=None)
    place = None
    if partition is not None and decided.position is not None:
        place = f"{partition}-{decided.position}"
    verdict = wrote if decided.status == "done" else decided.status
    return Hop(name="leads", at=decided.decided_at, position=place, verdict=verdict, detail=decided.detail or None)


def _readers(followed: Followed) -> list[Hop]:
    captured = followed.captured
    if captured is None:
        return [Hop(name="history", at=None, position=None, verdict=NOT_YET, detail="it has not seen the capture")]
    place = f"{captured.partition}-{captured.offset}"
    hops = [_reader(followed, captured, reader, place) for reader in followed.readers]
    return sorted(hops, key=lambda hop: (hop.at is None, hop.at or captured.recorded_at, hop.name))


def _reader(followed: Followed, captured: Captured, reader: Reader, place: str) -> Hop:
    def hop(verdict: str, detail: str | None = None, at: datetime | None = captured.recorded_at) -> Hop:
        return Hop(name=reader.schema, at=at, position=place, verdict=verdict, detail=detail)

    if reader.position is None:
        return hop(NOT_YET, "it has not started", None)
    if reader.position <= captured.offset:
        if reader.waiting_offset is not None:
            return hop(NOT_YET, f"it waits on record {reader.waiting_offset}: {reader.waiting_reason}", None)
        behind = captured.offset + 1 - reader.position
        return hop(NOT_YET, "it is paused" if reader.paused else f"{behind} records of its partition to go", None)
    if followed.buried and reader.schema in followed.buried:
        return hop("failed, it lies with the dead letters", followed.buried[reader.schema])
    if reader.schema in followed.read_models:
        return hop("it wrote its tables")
    wrote = [fact for fact in followed.later if fact.by == reader.schema and fact.cause_offset == captured.offset]
    if wrote:
        return hop(f"it wrote {', '.join(fact.type for fact in wrote)}", at=wrote[0].recorded_at)
    asked = [fact for fact in followed.later if fact.actor.split(".")[0] == reader.schema]
    if asked:
        return hop(f"it asked for {asked[0].type}", f"as {asked[0].actor}, at offset {asked[0].offset}", asked[0].recorded_at)
    return hop(NOTHING)
