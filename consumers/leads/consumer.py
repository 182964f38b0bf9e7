"""leads.commands -> leads -> leads.events

Says what is so about a lead: accepts or declines each command and writes the facts, one order a lead. Every other consumer and
every read model folds what it writes.
"""

from consumers.leads import activities as activity_rules
from consumers.leads import rules
from consumers.leads.state import LeadState
from infra.kafka.fold import Fold
from schemas import activities, commands, events, topics

leads = Fold(
    "leads",
    reads=topics.COMMANDS,
    state=LeadState,
    key=rules.key,
    answers=True,
    handlers={
        commands.CaptureLead: rules.capture,
        commands.EditLead: rules.edit,
        commands.ChangeStatus: rules.change_status,
        commands.AssignLead: rules.assign,
        commands.NoteLead: rules.note,
        commands.TagLead: rules.tag,
        commands.AddTask: rules.add_task,
        commands.ChangeTask: rules.change_task,
        commands.RecordMessage: rules.record_message,
        activities.RecordActivity: activity_rules.record,
        commands.ConfirmConsent: rules.confirm_consent,
        commands.EraseLead: rules.erase,
        commands.PublishDocument: rules.publish,
    },
    writes=(
        events.LeadCaptured,
        events.LeadUpdated,
        events.LeadStatusChanged,
        events.LeadAssigned,
        events.LeadNoted,
        events.LeadTagged,
        events.TaskAdded,
        events.TaskChanged,
        events.MessageRecorded,
        activities.ActivityRecorded,
        events.ConsentConfirmed,
        events.LeadErased,
        events.DocumentPublished,
    ),
)

folds = (leads,)
