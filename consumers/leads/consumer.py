"""leads.commands -> leads -> leads.events -> leads.merging -> leads.commands

`leads` says what is so about a lead: accepts or declines each command and writes the facts, one order a lead. Every other
consumer and every read model folds what it writes. `leads.merging` takes the facts of a lead that was merged to the lead that it
goes on as.
"""

from consumers.leads import activities as activity_rules
from consumers.leads import merging, rules, travelling
from consumers.leads.state import LeadState
from infra.kafka.fold import LONG_BREATH_MS, Fold
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
        commands.MergeLead: merging.merge,
        commands.UnmergeLead: merging.unmerge,
        commands.AbsorbLead: merging.absorb,
        commands.ReleaseLead: merging.release,
        commands.DeclineCommand: merging.decline,
        activities.RecordActivity: activity_rules.record,
        commands.ConfirmConsent: rules.confirm_consent,
        commands.EraseLead: rules.erase,
        commands.LiftBlock: rules.lift,
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
        events.LeadMergedInto,
        events.LeadUnmerged,
        events.LeadAbsorbed,
        events.LeadReleased,
        activities.ActivityRecorded,
        events.ConsentConfirmed,
        events.LeadErased,
        events.BlockLifted,
        events.DocumentPublished,
    ),
)

leads_merging = Fold(
    travelling.NAME,
    reads=topics.EVENTS,
    state=travelling.Journey,
    handlers={events.LeadMergedInto: travelling.take_along, events.LeadUnmerged: travelling.give_back},
    looks_back=(events.LeadMergedInto,),
    writes=(commands.AbsorbLead, commands.ReleaseLead),
    breath_ms=LONG_BREATH_MS,
)

folds = (leads, leads_merging)
