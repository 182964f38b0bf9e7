"""leads.events -> routing -> leads.routing -> routing.pools -> leads.commands

`routing` asks for an owner where a lead has none, and says of which team; `routing.pools` picks whose turn it is among those who
are there and have room, or lets the lead wait. Requests of all leads and all changes of load stand in one order in leads.routing,
so a turn is the same whenever the order is read again.
"""

from consumers.routing import pools, rules
from consumers.routing.desk import LOOK
from consumers.routing.documents import Person, RoutingRules, Team
from consumers.routing.state import Pools, RequestState
from infra.kafka.fold import LONG_BREATH_MS, Fold
from schemas import topics
from schemas.commands import AssignLead
from schemas.events import (
    DocumentPublished,
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadMergedInto,
    LeadStatusChanged,
    LeadUnmerged,
)
from schemas.routing import LoadChanged, OwnerRequested, RosterPublished

routing = Fold(
    name="routing",
    reads=topics.EVENTS,
    state=RequestState,
    handlers={
        LeadCaptured: rules.request_owner,
        LeadAssigned: rules.note_owner,
        LeadStatusChanged: rules.note_status,
        LeadAbsorbed: rules.request_for_absorbed,
        LeadMergedInto: rules.step_aside,
        LeadUnmerged: rules.come_back,
        LeadErased: rules.forget,
        DocumentPublished: rules.publish_rosters,
    },
    writes=(OwnerRequested, RosterPublished, LoadChanged),
    amends=rules.amend,
    documents=(RoutingRules, Team, Person),
    key=rules.lead_or_documents,
    breath_ms=LONG_BREATH_MS,
)

routing_pools = Fold(
    name="routing.pools",
    reads=topics.ROUTING,
    state=Pools,
    handlers={
        OwnerRequested: pools.pick_owner,
        RosterPublished: pools.change_roster,
        LoadChanged: pools.change_load,
    },
    writes=(AssignLead,),
    timers={LOOK: pools.look_again},
    key=pools.one_state,
    breath_ms=LONG_BREATH_MS,
)

folds = (routing, routing_pools)
