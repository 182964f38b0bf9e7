"""Ask a consumer to fold one lead's facts anew: a record of the log, because every output has a cause."""

from datetime import UTC, datetime
from uuid import uuid4

from infra.kafka.ports import Outgoing
from infra.wiring.host import Base
from schemas import topics
from schemas.envelope import Envelope
from schemas.events import RefoldRequested
from schemas.message import LeadId


async def refold(has: Base, consumer: str, lead: str, offset: int) -> str:
    """Publish the request; says what was done. Raises LogUnavailable."""
    asked = RefoldRequested(lead=LeadId(lead), consumer=consumer, offset=offset)
    envelope = Envelope(str(uuid4()), asked.TYPE, "operator", datetime.now(UTC), subject=lead)
    number = topics.partition(lead, has.settings.kafka.partitions)
    record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
    position = await has.producer.publish(topics.EVENTS, number, record)
    return f"{consumer} folds {lead} anew (asked at {position})"
