"""Ticks: records that say nothing but that time has passed, for the topics whose folds set timers."""

from collections.abc import Mapping
from typing import Final

from schemas.events import ClockTicked
from schemas.message import Message
from schemas.routing import RoutingClockTicked

TICKS: Final[Mapping[str, type[Message]]] = {cls.TOPIC.name: cls for cls in (ClockTicked, RoutingClockTicked)}
"""By topic. Each is kept for ever: where ticks are forgotten, other timers fire when the topic is read again."""
