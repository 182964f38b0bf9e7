"""Conditions in documents."""

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.operators import BadPredicate
from schemas.predicates import CONDITIONS_MAX, DEPTH_MAX, Predicate

FACTS: dict[str, Any] = {
    "mail_domain": "Mail.Harbour.example",
    "address": "Ana@harbour.example ",
    "free_mail": False,
    "consent": None,
    "form_name": " Request a Demo ",
    "blank": "  ",
    "none": [],
    "filled": ("email", "phone"),
    "interests": ["CRM sync", "", None],
    "employees": "120",
    "points": 7,
    "share": 0.5,
    "zero": 0,
    "campaign": {"utm_medium": "CPC", "empty": ""},
    "answers": {"No. of drivers?": "51-200", "interests": ["Fleet", "Customs"], "urgent": True},
    "odd": object(),
}


def holds(field: str, operator: str, value: Any) -> bool:
    return Predicate({"field": field, "operator": operator, "value": value}).holds(FACTS)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("form_name", "eq", "request a demo"),
        ("form_name", "ne", "newsletter"),
        ("form_name", "contains", "DEMO"),
        ("form_name", "starts_with", "Request"),
        ("form_name", "ends_with", "demo"),
        ("form_name", "in", ["newsletter", "Request a demo"]),
        ("form_name", "not_in", ["newsletter"]),
        ("free_mail", "eq", False),
        ("free_mail", "in", [False]),
        ("free_mail", "ne", True),
        ("points", "eq", 7),
        ("points", "in", [5, 7]),
        ("points", "gt", 6.5),
        ("points", "gte", 7),
        ("share", "lt", 1),
        ("share", "lte", 0.5),
        ("zero", "eq", 0),
        ("employees", "gte", 100),
        ("employees", "eq", 120),
        ("employees", "in", [120]),
        ("filled", "eq", "phone"),
        ("filled", "ne", "company"),
        ("interests", "contains", "crm"),
        ("mail_domain", "matches_domain", "harbour.example"),
        ("mail_domain", "matches_domain", ["acme.example", "@harbour.example"]),
        ("address", "matches_domain", "harbour.example"),
        ("campaign.utm_medium", "in", ["cpc", "ppc"]),
        ("answers.No. of drivers?", "eq", "51-200"),
        ("answers.*", "eq", "fleet"),
        ("answers.*", "contains", "200"),
        ("answers.urgent", "eq", True),
        ("mail_domain", "exists", True),
        ("zero", "exists", True),
        ("free_mail", "exists", True),
        ("blank", "exists", False),
        ("none", "exists", False),
        ("consent", "exists", False),
        ("unheard_of", "exists", False),
        ("campaign.empty", "exists", False),
        ("campaign.unheard_of", "exists", False),
    ],
)
def test_a_condition_holds(field: str, operator: str, value: Any) -> None:
    assert holds(field, operator, value)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("form_name", "eq", "demo"),
        ("free_mail", "eq", 0),
        ("free_mail", "in", [0]),
        ("zero", "eq", False),
        ("points", "eq", True),
        ("points", "gt", 7),
        ("points", "contains", "7"),
        ("points", "starts_with", "7"),
        ("points", "ends_with", "7"),
        ("points", "matches_domain", "harbour.example"),
        ("form_name", "gt", 1),
        ("free_mail", "gte", 0),
        ("filled", "ne", "phone"),
        ("filled", "not_in", ["phone", "name"]),
        ("mail_domain", "matches_domain", "arbour.example"),
        ("mail_domain", "matches_domain", "example.mail.harbour.example"),
        ("answers.drivers?", "eq", "51-200"),
        ("form_name.length", "eq", 3),
        ("form_name.*", "eq", "demo"),
        ("mail_domain", "exists", False),
    ],
)
def test_a_condition_does_not_hold(field: str, operator: str, value: Any) -> None:
    assert not holds(field, operator, value)


OPERATORS = {
    "eq": "x",
    "ne": "x",
    "in": ["x"],
    "not_in": ["x"],
    "contains": "x",
    "starts_with": "x",
    "ends_with": "x",
    "gt": 0,
    "gte": 0,
    "lt": 0,
    "lte": 0,
    "matches_domain": "x.example",
    "exists": True,
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("field", ["unheard_of", "consent", "blank", "none", "campaign.empty", "unheard_of.*"])
def test_a_missing_fact_makes_every_condition_false(field: str, operator: str) -> None:
    assert not holds(field, operator, OPERATORS[operator])


def test_all_any_and_not_combine() -> None:
    demo = {"field": "form_name", "operator": "contains", "value": "demo"}
    many = {"field": "points", "operator": "gt", "value": 5}
    wrong = {"field": "points", "operator": "gt", "value": 50}
    assert Predicate({"all": [demo, many]}).holds(FACTS)
    assert not Predicate({"all": [demo, wrong]}).holds(FACTS)
    assert Predicate({"all": [demo, many, {"not": wrong}]}).holds(FACTS)
    assert not Predicate({"all": [demo, many, wrong]}).holds(FACTS)
    assert Predicate({"any": [wrong, demo]}).holds(FACTS)
    assert not Predicate({"any": [wrong, {"not": demo}]}).holds(FACTS)
    assert Predicate({"any": [demo]}).holds(FACTS)
    assert Predicate({"all": [demo]}).holds(FACTS)


def test_all_of_nothing_is_true_and_any_of_nothing_is_false() -> None:
    assert Predicate({"all": []}).holds(FACTS)
    assert not Predicate({"any": []}).holds(FACTS)


def test_absence_is_asked_for_by_not() -> None:
    assert Predicate({"not": {"field": "consent", "operator": "eq", "value": True}}).holds(FACTS)


@pytest.mark.parametrize(
    ("tree", "path", "says"),
    [
        ([], "", "must be an object"),
        ({}, "field", "must name a fact"),
        ({"all": [], "any": []}, "", "one of all, any, not and nothing else"),
        ({"not": {}, "field": "x"}, "", "nothing else, but has field, not"),
        ({"all": {}}, "all", "must be a list"),
        ({"any": ["x"]}, "any[0]", "must be an object"),
        ({"not": 5}, "not", "must be an object"),
        ({"field": " ", "operator": "eq", "value": 1}, "field", "must name a fact"),
        (
            {"field": "x", "operator": "equalz", "value": 1},
            "operator",
            "'equalz' is no operator; use one of contains, ends_with, eq",
        ),
        ({"field": "x", "operator": ["eq"], "value": 1}, "operator", "is no operator"),
        ({"field": "x", "operator": "eq"}, "value", "is missing"),
        ({"field": "x", "operator": "eq", "value": 1, "extra": 1}, "extra", "unknown"),
        ({"field": "x", "operator": "eq", "value": None}, "value", "must be a text"),
        ({"field": "x", "operator": "eq", "value": ""}, "value", "must be a text"),
        ({"field": "x", "operator": "eq", "value": math.inf}, "value", "finite"),
        ({"field": "x", "operator": "exists", "value": "yes"}, "value", "true or false"),
        ({"field": "x", "operator": "in", "value": "a"}, "value", "must be a list of 1 to"),
        ({"field": "x", "operator": "in", "value": ["a", {}]}, "value[1]", "must be a text"),
        ({"field": "x", "operator": "gt", "value": "5"}, "value", "must be a number"),
        ({"field": "x", "operator": "lt", "value": True}, "value", "must be a number"),
        ({"field": "x", "operator": "contains", "value": 5}, "value", "must be a text"),
        ({"field": "x", "operator": "matches_domain", "value": []}, "value", "must be a list of 1 to"),
        ({"field": "x", "operator": "matches_domain", "value": "@."}, "value", "must name a domain"),
        ({"all": [{"not": {"field": "x", "operator": "gt", "value": ""}}]}, "all[0].not.value", "must be a number"),
    ],
)
def test_a_wrong_tree_is_refused_by_path(tree: Any, path: str, says: str) -> None:
    with pytest.raises(BadPredicate) as refused:
        Predicate(tree)
    assert refused.value.path == path
    assert says in str(refused.value)


def test_a_tree_that_is_too_deep_or_too_large_is_refused() -> None:
    deep: Any = {"field": "points", "operator": "gt", "value": 1}
    for _ in range(DEPTH_MAX - 1):
        deep = {"not": deep}
    Predicate(deep)
    with pytest.raises(BadPredicate, match="nested deeper"):
        Predicate({"not": deep})
    condition = {"field": "points", "operator": "gt", "value": 1}
    with pytest.raises(BadPredicate, match="more than"):
        Predicate({"any": [condition] * CONDITIONS_MAX})


class Holder(BaseModel):
    when: Predicate


def test_a_model_names_the_path_and_gives_the_tree_back() -> None:
    tree = {"any": [{"field": "points", "operator": "gt", "value": 1}]}
    held = Holder.model_validate({"when": tree})
    assert held.model_dump() == {"when": tree}
    assert Holder.model_validate_json(held.model_dump_json()) == held
    assert Holder(when=held.when).when is held.when
    assert hash(held.when) == hash(Predicate(tree))
    assert held.when != tree
    assert repr(held.when) == f"Predicate({tree!r})"
    with pytest.raises(ValidationError, match=r"any\[0\].value: is missing"):
        Holder.model_validate({"when": {"any": [{"field": "points", "operator": "gt"}]}})


def test_a_predicate_says_which_facts_it_asks_for() -> None:
    tree = {
        "all": [{"field": "company", "operator": "exists"}, {"not": {"field": "answers.Team", "operator": "eq", "value": "x"}}]
    }
    assert Predicate(tree).fields == {"company", "answers.Team"}


def test_the_json_schema_describes_the_three_shapes_and_the_condition() -> None:
    schema = TypeAdapter(Predicate).json_schema()
    assert len(schema["anyOf"]) == 4
    assert set(schema["anyOf"][0]["properties"]["operator"]["enum"]) == set(OPERATORS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(facts=st.dictionaries(st.sampled_from(["a", "b", "c"]), json_values), operator=st.sampled_from(sorted(OPERATORS)))
def test_no_facts_make_a_condition_fail(facts: dict[str, Any], operator: str) -> None:
    for field in ("a", "b.x", "c.*"):
        assert Predicate({"field": field, "operator": operator, "value": OPERATORS[operator]}).holds(facts) in (True, False)


@settings(deadline=None)
@given(tree=json_values)
def test_any_json_is_a_predicate_or_a_named_mistake(tree: Any) -> None:
    with contextlib.suppress(BadPredicate):
        assert Predicate(tree).tree is tree
