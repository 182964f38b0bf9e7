"""What a published type may become, and what would break its readers."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from schemas.compatibility import breaks


class Line(BaseModel):
    rule: str
    points: int = 0


class OtherLine(BaseModel):
    rule: str
    points: float = 0


class Tree(BaseModel):
    name: str
    below: "list[Tree]" = []


def schema(**fields: Any) -> dict[str, Any]:
    """JSON Schema of a class with these fields: a type, or (type, default)."""
    given: dict[str, Any] = {name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()}
    made: type[BaseModel] = create_model("Made", **given)
    return made.model_json_schema()


KEPT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing changes", {"a": int}, {"a": int}),
    ("an optional field is new", {"a": int}, {"a": int, "b": (str | None, None)}),
    ("a field with a default is new", {"a": int}, {"a": int, "b": (str, "")}),
    ("an enumeration grows", {"a": Literal["x", "y"]}, {"a": Literal["x", "y", "z"]}),
    ("an enumeration of one grows", {"a": Literal["x"]}, {"a": Literal["x", "y"]}),
    ("words for people change", {"a": (int, Field(description="old"))}, {"a": (int, Field(description="new"))}),
    ("an object inside stays", {"a": tuple[Line, ...]}, {"a": list[Line]}),
    ("a tree stays", {"a": Tree}, {"a": Tree}),
    ("alternatives change places", {"a": int | str}, {"a": str | int}),
]
BROKEN: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a field is removed", {"a": int, "b": (int, 0)}, {"a": int}, "b: was removed"),
    ("a type changes", {"a": int}, {"a": str}, "a: was integer and is string"),
    (
        "a format changes",
        {"a": str},
        {"a": (str, Field(json_schema_extra={"format": "date-time"}))},
        "a: was string and is string (date-time)",
    ),
    ("a value may be null", {"a": int}, {"a": int | None}, "a: was integer and is integer or null"),
    ("a value may no longer be null", {"a": int | None}, {"a": int}, "a: was integer or null and is integer"),
    ("a required field is new", {"a": int}, {"a": int, "b": int}, "b: is new and required"),
    ("a field becomes required", {"a": (int, 0)}, {"a": int}, "a: is required now"),
    ("a field is no longer required", {"a": int}, {"a": (int, 0)}, "a: is no longer required"),
    ("an enumeration shrinks", {"a": Literal["x", "y"]}, {"a": Literal["x"]}, "a: no longer takes 'y'"),
    ("a text becomes an enumeration", {"a": str}, {"a": Literal["x", "y"]}, "a: has only certain values now"),
    ("an enumeration becomes a text", {"a": Literal["x", "y"]}, {"a": str}, "a: takes any value now"),
    ("a default changes", {"a": (int, 1)}, {"a": (int, 2)}, "a: default was 1 and is 2"),
    ("a default changes its type", {"a": (Any, 1)}, {"a": (Any, True)}, "a: default was 1 and is True"),
    ("a limit is tightened", {"a": str}, {"a": (str, Field(max_length=5))}, "a: maxLength was none and is 5"),
    ("items change", {"a": list[int]}, {"a": list[str]}, "a[]: was integer and is string"),
    ("values change", {"a": dict[str, int]}, {"a": dict[str, str]}, "a.*: was integer and is string"),
    ("values are no longer free", {"a": dict[str, Any]}, {"a": dict[str, str]}, "a.*: was anything and is string"),
    ("an object inside changes", {"a": tuple[Line, ...]}, {"a": tuple[OtherLine, ...]}, "a[].points: was integer and is number"),
]


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_a_type_may_grow(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert breaks(schema(**before), schema(**after)) == []


@pytest.mark.parametrize(("before", "after", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_change_that_breaks_a_reader_is_named(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    found = breaks(schema(**before), schema(**after))
    assert any(line.startswith(said) for line in found), found


def test_a_type_that_moves_to_another_topic_breaks_its_readers() -> None:
    assert breaks({"x-topic": "leads.events"}, {"x-topic": "leads.routing"}) == [
        "the whole: x-topic was 'leads.events' and is 'leads.routing'"
    ]


def test_an_object_that_was_open_stays_open() -> None:
    closed = {"type": "object", "additionalProperties": False}
    assert breaks({"type": "object"}, closed) == ["the whole: additionalProperties are no longer allowed"]
    assert breaks(closed, {"type": "object", "additionalProperties": True}) == ["the whole: additionalProperties are now allowed"]


def test_a_definition_may_be_renamed_as_long_as_it_says_the_same() -> None:
    before = schema(a=Line)
    after = {**before, "$defs": {"Row": before["$defs"]["Line"]}, "properties": {"a": {"$ref": "#/$defs/Row"}}}
    assert breaks(before, after) == []
