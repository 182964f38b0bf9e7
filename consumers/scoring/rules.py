"""The fold of scoring: a fact that matches a rule counts for it; counts times points, less caps, are the score.

Publishing rules. The state holds counts per rule, not facts. The first event of a lead after the marker of a new version adds its
own matches and then weighs *all recorded counts* with the new points, limits, groups and grades; a rule that is new starts at
none, a rule that is gone gives nothing (its count stays, should it come back). So a score is always a function of the log up to
that event (P6): folding the log again from its start meets the same facts and markers in the same order and comes to the same
number, and each receipt names the version that it was added up by (P7). What new *conditions* would have found in old facts
is for a rebuild beside, which folds the facts again.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from consumers.scoring.documents import RULES_MAX, ScoringRules
from consumers.scoring.state import Counted, ScoreState
from infra.kafka.fold import Decision, Documents, Event
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
    ReceiptLine,
)
from schemas.facts import activity_facts, submission_facts
from schemas.message import LeadId

_Counted = LeadCaptured | LeadUpdated | LeadStatusChanged | ActivityRecorded | ConsentConfirmed
"""What may be worth points."""

COUNTED_RULES_MAX: Final = 2 * RULES_MAX
"""Beyond this many rule ids, those that are in no rules any more are dropped from the counts."""

GROUP_CAP: Final = "cap"
TOTAL_CAP: Final = "total:cap"
TOTAL_FLOOR: Final = "total:floor"
"""Receipt lines that no rule gave; a rule's id has no colon."""


class Receipt(NamedTuple):
    """Lines, and the score that they sum to."""

    lines: tuple[ReceiptLine, ...]
    score: int


def score_submission(state: ScoreState, event: Event[LeadCaptured], documents: Documents) -> Decision[ScoreState]:
    """A submission: everything that schemas.facts tells of it, and how many there have been."""
    if state.erased:
        return Decision(state)
    state = state.model_copy(update={"submissions": state.submissions + 1})
    return _score(state, event.body.lead, _facts(event.body, _submissions(state)), documents)


def score_update(state: ScoreState, event: Event[LeadUpdated], documents: Documents) -> Decision[ScoreState]:
    """An edit by people: `edited` names the fields, `company` is known where it was one of them."""
    return _score(state, event.body.lead, _facts(event.body, 0), documents)


def score_status(state: ScoreState, event: Event[LeadStatusChanged], documents: Documents) -> Decision[ScoreState]:
    """A step along the pipeline."""
    return _score(state, event.body.lead, _facts(event.body, 0), documents)


def score_absorbed(state: ScoreState, event: Event[LeadAbsorbed], documents: Documents) -> Decision[ScoreState]:
    """A fact of a lead that was merged into this one counts by the rules in force now, on an account of its own."""
    body = event.body
    fact = body.fact()
    if state.erased or not isinstance(fact, _Counted):
        return Decision(state)
    account = state.absorbed.get(body.origin, Counted())
    if isinstance(fact, LeadCaptured):
        account = account.model_copy(update={"submissions": account.submissions + 1})
        state = state.model_copy(update={"absorbed": {**state.absorbed, body.origin: account}})
    counts = counted(account.counts, _facts(fact, _submissions(state)), documents.get(ScoringRules))
    absorbed = {**state.absorbed, body.origin: account.model_copy(update={"counts": counts})}
    return _weigh(state.model_copy(update={"absorbed": absorbed}), body.lead, documents)


def score_released(state: ScoreState, event: Event[LeadReleased], documents: Documents) -> Decision[ScoreState]:
    """What that lead brought counts no more."""
    body = event.body
    if state.erased or body.origin not in state.absorbed:
        return Decision(state)
    absorbed = {origin: account for origin, account in state.absorbed.items() if origin != body.origin}
    return _weigh(state.model_copy(update={"absorbed": absorbed}), body.lead, documents)


def score_confirmation(state: ScoreState, event: Event[ConsentConfirmed], documents: Documents) -> Decision[ScoreState]:
    """What was ticked counts since: `consent` and `consents` as a submission would have brought them."""
    return _score(state, event.body.lead, _facts(event.body, 0), documents)


def score_activity(state: ScoreState, event: Event[ActivityRecorded], documents: Documents) -> Decision[ScoreState]:
    """What a lead did, or what became of mail to it; no news of somebody who never wrote is worth points."""
    if _submissions(state) == 0:
        return Decision(state)
    return _score(state, event.body.lead, _facts(event.body, 0), documents)


def forget(state: ScoreState, event: Event[LeadErased], documents: Documents) -> Decision[ScoreState]:  # noqa: ARG001 - a handler
    """Nothing of the person stays, and nothing counts any more."""
    return Decision(ScoreState(erased=True))


def _facts(body: _Counted, submissions: int) -> Mapping[str, Any]:
    if isinstance(body, LeadCaptured):
        facts = submission_facts(body.source, body.traits, body.campaign, body.consent, body.consents)
        return facts | {"event": "submission", "first": body.first, "quiet": body.quiet, "submissions": submissions}
    if isinstance(body, LeadUpdated):
        return {**body.changes, "event": "update", "edited": body.fields}
    if isinstance(body, ActivityRecorded):
        return activity_facts(body.activity)
    if isinstance(body, ConsentConfirmed):
        agreed = body.agreement
        return {"event": "confirmation", "consent": agreed.overall or None, "consents": dict.fromkeys(agreed.purposes, True)}
    return {"event": "status", "status": body.status, "status_before": body.before}


def _submissions(state: ScoreState) -> int:
    return state.submissions + sum(account.submissions for account in state.absorbed.values())


def _score(state: ScoreState, lead: LeadId, facts: Mapping[str, Any], documents: Documents) -> Decision[ScoreState]:
    if state.erased:
        return Decision(state)
    counts = counted(state.counts, facts, documents.get(ScoringRules))
    if counts is state.counts and documents.version(ScoringRules) == state.rules_version and state.grade is not None:
        return Decision(state)
    return _weigh(state.model_copy(update={"counts": counts}), lead, documents)


def _weigh(state: ScoreState, lead: LeadId, documents: Documents) -> Decision[ScoreState]:
    """Add up all that was counted; publish it where it comes to something else."""
    rules, version = documents.get(ScoringRules), documents.version(ScoringRules)
    receipt = add_up(_together(state), rules)
    grade = rules.grade_of(receipt.score)
    lines = {line.rule: (line.times, line.points) for line in receipt.lines}
    decided = state.model_copy(update={"lines": lines, "score": receipt.score, "grade": grade, "rules_version": version})
    if lines == state.lines and receipt.score == state.score and grade == state.grade:
        return Decision(decided)
    scored = LeadScored(
        lead=lead, score=receipt.score, before=state.score, grade=grade, receipt=receipt.lines, rules_version=version
    )
    return Decision(decided, events=(scored,))


def _together(state: ScoreState) -> Mapping[str, int]:
    if not state.absorbed:
        return state.counts
    counts = Counter(state.counts)
    for account in state.absorbed.values():
        counts.update(account.counts)
    return counts


def counted(counts: dict[str, int], facts: Mapping[str, Any], rules: ScoringRules) -> dict[str, int]:
    """Counts with this fact in them; the very same dict if it matches no rule."""
    matched = [rule.id for rule in rules.rules if rule.when.holds(facts)]
    if not matched:
        return counts
    grown = dict(counts)
    for rule_id in matched:
        grown[rule_id] = grown.get(rule_id, 0) + 1
    if len(grown) > COUNTED_RULES_MAX:
        grown = {rule.id: grown[rule.id] for rule in rules.rules if rule.id in grown}
    return grown


def add_up(counts: Mapping[str, int], rules: ScoringRules) -> Receipt:
    """The receipt: a line per rule that counted, then what caps took away (or a floor gave). Its lines sum to the score."""
    lines: list[ReceiptLine] = []
    group_points: dict[str, int] = {}
    total = 0
    for rule in rules.rules:
        times = min(counts.get(rule.id, 0), rule.times_max)
        if times == 0:
            continue
        points = rule.points * times
        lines.append(ReceiptLine(rule=rule.id, label=rule.label, points=points, times=times))
        total += points
        if rule.group is not None:
            group_points[rule.group] = group_points.get(rule.group, 0) + points
    for group in rules.groups:
        over = group_points.get(group.id, 0) - group.points_max
        if over > 0:
            label = f"{group.label}: {group.points_max} at most"
            lines.append(ReceiptLine(rule=f"{GROUP_CAP}:{group.id}", label=label, points=-over))
            total -= over
    if rules.score_max is not None and total > rules.score_max:
        lines.append(ReceiptLine(rule=TOTAL_CAP, label=f"{rules.score_max} at most", points=rules.score_max - total))
        total = rules.score_max
    if rules.score_min is not None and total < rules.score_min:
        lines.append(ReceiptLine(rule=TOTAL_FLOOR, label=f"{rules.score_min} at least", points=rules.score_min - total))
        total = rules.score_min
    return Receipt(tuple(lines), total)
