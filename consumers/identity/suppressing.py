"""What becomes of mail decides whom nothing is sent to any more: the gate is told in the transaction that read of it."""

from collections.abc import Sequence
from typing import Any

from consumers.identity import activity_rules as rules
from infra.effects import control as effects
from schemas.activities import ActivityReceived, ActivityRecorded, RecordActivity


async def suppress(connection: Any, found: Sequence[ActivityReceived | RecordActivity | ActivityRecorded]) -> None:
    """Nothing is sent any more to who complained, unsubscribed or can't be reached."""
    reasons: dict[str, set[str]] = {}
    for one in found:
        if one.address is not None and rules.suppresses(one.activity):
            reasons.setdefault(one.activity.kind, set()).add(one.address)
    for reason, recipients in sorted(reasons.items()):
        await effects.suppress(connection, sorted(recipients), reason)
