"""leads, routing and routing.pools together: what each writes the next one reads, as late as the test likes.

commands -> leads -> the log -> routing -> leads.routing -> routing.pools -> commands
                     the log -> leads.merging -> commands
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from consumers.leads.consumer import leads, leads_merging
from consumers.routing.consumer import routing
from infra.kafka.fold import Decision, Documents, Event
from schemas import topics
from schemas.commands import AssignLead, CaptureLead, ChangeStatus, Command, EraseLead, MergeLead, UnmergeLead
from schemas.envelope import derived_id
from schemas.events import Fact
from schemas.message import Frozen, LeadId, Message
from schemas.person import Source
from schemas.routing import LoadChanged, OwnerRequested
from tests.consumers.making import START, traits
from tests.consumers.routing.playing import Playing

STEPS_MAX: Final = 10_000
LEADS: Final = ("lead-0", "lead-1", "lead-2")


class Chain:
    """One partition of each topic. Nothing is decided until somebody says `work`."""

    def __init__(self) -> None:
        self.pools = Playing(START)
        self.queues: dict[str, deque[tuple[str, Message]]] = {name: deque() for name in ("commands", "log", "merging", "routing")}
        self.states: dict[str, dict[str, Frozen]] = {fold.name: {} for fold in (leads, routing, leads_merging)}
        self.written: Counter[str] = Counter()
        self._asked = 0
        self._offset = 0
        self._known: set[tuple[str, str]] = set()
        self._pools_said = 0
        self._work: dict[str, Callable[[str, Message], None]] = {
            "commands": self._lead,
            "log": self._route,
            "merging": self._merge,
            "routing": self._pool,
        }

    # --- what people ask ---

    def capture(self, lead: str, **more: Any) -> None:
        source = Source(vendor="typeform", source_id="s")
        known = {"created": True, "submission_id": f"submission-{self._asked}", "source": source, "traits": traits(), **more}
        self._ask(CaptureLead, lead, **known)

    def assign(self, lead: str, owner: str | None) -> None:
        self._ask(AssignLead, lead, owner=owner)

    def status(self, lead: str, status: str) -> None:
        self._ask(ChangeStatus, lead, status=status)

    def erase(self, lead: str) -> None:
        self._ask(EraseLead, lead)

    def merge(self, lead: str, into: str) -> None:
        self._ask(MergeLead, lead, into=LeadId(into), asked=f"asked-{self._asked}")

    def unmerge(self, lead: str, out_of: str) -> None:
        self._ask(UnmergeLead, lead, out_of=LeadId(out_of), asked=f"asked-{self._asked}")

    def _ask(self, cls: type[Command], lead: str, **body: Any) -> None:
        self._asked += 1
        command = cls(lead=LeadId(lead), command_id=f"command-{self._asked}", actor="user-1", **body)
        self.queues["commands"].append((f"ask-{self._asked}", command))

    # --- what becomes of it ---

    def work(self, queue: str) -> bool:
        """One record of a queue; False if there is none."""
        if not self.queues[queue]:
            return False
        self._work[queue](*self.queues[queue].popleft())
        return True

    def settle(self) -> None:
        """Until nobody has anything left to do."""
        for _ in range(STEPS_MAX):
            worked = [self.work(queue) for queue in self.queues]
            if not any(worked):
                return
        raise AssertionError("it never ends")

    def tell(self, message: Message) -> None:
        """A record of leads.routing."""
        self._offset += 1
        self.queues["routing"].append((f"told-{self._offset}", message))

    @property
    def held(self) -> Counter[str]:
        """Open leads by owner, as `leads` has them."""
        found: Counter[str] = Counter()
        for state in self.states["leads"].values():
            of: Any = state
            if of.owner is not None and not of.erased and of.merged_into is None and of.status not in ("won", "lost"):
                found[of.owner] += 1
        return found

    @property
    def counted(self) -> Counter[str]:
        """The same, as the pools have them."""
        return Counter({person: known.open for person, known in self.pools.state.colleagues.items() if known.open})

    def _lead(self, id_: str, body: Message) -> None:
        command: Any = body
        if (command.command_id, command.lead) in self._known:
            return
        decision = self._decide(leads, id_, body)
        if decision.outcome is not None:
            self._known.add((command.command_id, command.lead))

    def _route(self, id_: str, body: Message) -> None:
        self._decide(routing, id_, body)

    def _merge(self, id_: str, body: Message) -> None:
        self._decide(leads_merging, id_, body)

    def _pool(self, id_: str, body: Message) -> None:
        self.pools.later(seconds=1)
        self.pools.take(id_, body)
        for nth, answer in enumerate(self.pools.answers[self._pools_said :]):
            self.queues["commands"].append((f"{id_}-{nth}", answer))
        self._pools_said = len(self.pools.answers)

    def _decide(self, fold: Any, id_: str, body: Message) -> Decision[Any]:
        key = fold.key(body)
        handler = fold.handlers.get(type(body))
        state = self.states[fold.name].get(key, fold.state())
        if handler is None:
            return Decision(state)
        self._offset += 1
        decision: Decision[Any] = handler(state, Event(id_, body.TYPE, body, START, START, 0, self._offset), Documents())
        self.states[fold.name][key] = fold.state.model_validate_json(decision.state.model_dump_json())
        for nth, message in enumerate(decision.events):
            self.written[message.TYPE] += 1
            self._publish(derived_id(id_, fold.name, nth), message)
        return decision

    def _publish(self, id_: str, message: Message) -> None:
        if message.TOPIC is topics.COMMANDS:
            self.queues["commands"].append((id_, message))
        elif isinstance(message, Fact):
            self.queues["log"].append((id_, message))
            self.queues["merging"].append((id_, message))
        elif isinstance(message, OwnerRequested | LoadChanged):
            self.queues["routing"].append((id_, message))
