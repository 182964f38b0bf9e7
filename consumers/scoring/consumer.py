"""leads.events -> scoring -> leads.events

Gives each lead its points, with a receipt whose lines add up to them.
"""

from consumers.scoring import rules
from consumers.scoring.documents import ScoringRules
from consumers.scoring.state import ScoreState
from infra.kafka.fold import Fold
from schemas import topics
from schemas.activities import ActivityRecorded
from schemas.events import (
    ConsentConfirmed,
    LeadAbsorbed,
    LeadCaptured,
    LeadErased,
    LeadReleased,
    LeadScored,
    LeadStatusChanged,
    LeadUpdated,
)

scoring = Fold(
    name="scoring",
    reads=topics.EVENTS,
    state=ScoreState,
    handlers={
        LeadCaptured: rules.score_submission,
        LeadUpdated: rules.score_update,
        LeadStatusChanged: rules.score_status,
        LeadAbsorbed: rules.score_absorbed,
        LeadReleased: rules.score_released,
        ConsentConfirmed: rules.score_confirmation,
        ActivityRecorded: rules.score_activity,
        LeadErased: rules.forget,
    },
    writes=(LeadScored,),
    documents=(ScoringRules,),
)

folds = (scoring,)
