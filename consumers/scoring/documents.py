"""The document that scoring decides by; its defaults are version 0."""

from collections import Counter
from typing import Annotated, ClassVar, Final

from pydantic import Field, model_validator

from consumers.scoring.defaults import GRADES, GROUPS, RULES
from infra.kafka.fold import Document
from schemas.message import Frozen
from schemas.predicates import Predicate

POINTS_MAX: Final = 10_000
RULES_MAX: Final = 500
GROUPS_MAX: Final = 50
GRADES_MAX: Final = 20
TIMES_MAX: Final = 1_000

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Lower case, digits, - and _")]
Points = Annotated[int, Field(ge=-POINTS_MAX, le=POINTS_MAX)]


class Rule(Frozen):
    """Points for every fact that matches, up to `times_max` times.

    `id` is what counts are kept under: a rule with changed points goes on with what it has counted, a rule that means something
    else needs a new id.
    """

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=200)]
    when: Predicate
    points: Points
    times_max: Annotated[int, Field(ge=1, le=TIMES_MAX)] = 1
    group: str | None = None


class Group(Frozen):
    """Rules that give `points_max` together at most."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=200)]
    points_max: Annotated[int, Field(ge=0, le=POINTS_MAX)]


class Grade(Frozen):
    """A name for scores from `score_min` up to the next grade."""

    grade: Annotated[str, Field(min_length=1, max_length=20)]
    score_min: Annotated[int, Field(ge=-POINTS_MAX * RULES_MAX, le=POINTS_MAX * RULES_MAX)]


_RULES = tuple(Rule.model_validate(row) for row in RULES)
_GROUPS = tuple(Group.model_validate(row) for row in GROUPS)
_GRADES = tuple(Grade.model_validate(row) for row in GRADES)


class ScoringRules(Document):
    """Rules, what groups and the whole may give at most, and the names of the results.

    `score_max` and `score_min` bound the total; None leaves it open. A score under the lowest grade gets the lowest grade.
    """

    KIND: ClassVar[str] = "scoring_rules"

    rules: Annotated[tuple[Rule, ...], Field(max_length=RULES_MAX)] = Field(default_factory=lambda: _RULES)
    groups: Annotated[tuple[Group, ...], Field(max_length=GROUPS_MAX)] = Field(default_factory=lambda: _GROUPS)
    score_max: Annotated[int, Field(ge=0, le=POINTS_MAX * RULES_MAX)] | None = 100
    score_min: Annotated[int, Field(ge=-POINTS_MAX * RULES_MAX, le=0)] | None = 0
    grades: Annotated[tuple[Grade, ...], Field(min_length=1, max_length=GRADES_MAX)] = Field(default_factory=lambda: _GRADES)

    @model_validator(mode="after")
    def _is_consistent(self) -> "ScoringRules":
        if not self.model_fields_set:
            return self  # version 0, asked for on every event until a version is published
        for what, names in (
            ("rules", [rule.id for rule in self.rules]),
            ("groups", [group.id for group in self.groups]),
            ("grades", [grade.grade for grade in self.grades]),
            ("grades", [f"score_min {grade.score_min}" for grade in self.grades]),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"{what}: {', '.join(twice[:5])} is there twice")
        known = {group.id for group in self.groups}
        for rule in self.rules:
            if rule.group is not None and rule.group not in known:
                raise ValueError(f"rules: {rule.id} is in the group {rule.group}, which is not among the groups")
        return self

    def grade_of(self, score: int) -> str:
        """The grade with the highest threshold that `score` reaches."""
        reached = [grade for grade in self.grades if grade.score_min <= score]
        best = max(reached, key=_threshold) if reached else min(self.grades, key=_threshold)
        return best.grade


def _threshold(grade: Grade) -> int:
    return grade.score_min
