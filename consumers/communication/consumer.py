"""leads.events -> communication -> leads.events, and mails asked of the gate

Acknowledges a first submission to whoever sent it, asks them by mail to confirm what only the owner of an address can agree to,
and tells an owner of a new lead.
"""

from consumers.communication import rules
from consumers.communication.documents import Template
from consumers.communication.state import Correspondence
from infra.kafka.fold import LONG_BREATH_MS, Fold
from schemas import topics
from schemas.events import ConsentConfirmed, LeadAssigned, LeadCaptured, LeadErased, LeadScored, LeadUpdated, MessagePlanned

communication = Fold(
    name="communication",
    reads=topics.EVENTS,
    state=Correspondence,
    handlers={
        LeadCaptured: rules.acknowledge,
        ConsentConfirmed: rules.answer_confirmation,
        LeadUpdated: rules.note_address,
        LeadScored: rules.note_score,
        LeadAssigned: rules.tell_owner,
        LeadErased: rules.forget,
    },
    writes=(MessagePlanned,),
    documents=(Template,),
    breath_ms=LONG_BREATH_MS,
)

folds = (communication,)
