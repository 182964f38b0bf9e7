from typing import Any

import pytest

from producers.forms.reading.fields import read
from producers.forms.reading.paths import find, steps


def told(payload: Any) -> dict[str, Any]:
    return {field.label or field.key: field.value for field in read(payload)}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("data.contact.mail", ["data", "contact", "mail"]),
        ("fields[0].value", ["fields", "0", "value"]),
        ("$.a['b.c'][\"d\"]", ["a", "b.c", "d"]),
        ("a[ 1 ]", ["a", "1"]),
        ("a[", ["a", "["]),
        ("", []),
        ("[0]", ["0"]),
        ("a.b c.d", ["a", "b c", "d"]),
        ("a['x]", ["a", "'x"]),
    ],
)
def test_a_path_is_split_at_dots_and_brackets(path: str, parts: list[str]) -> None:
    assert steps(path) == parts


def test_a_path_finds_its_place_or_nothing() -> None:
    payload = {"a": [{"b": 1}, {"b": 2}], "raw": '{"c": {"d": 3}}', "x.y": 4}
    assert find(payload, "a[-1].b") == (("a", 1, "b"), 2)
    assert find(payload, "raw.c.d") == (("raw", "c", "d"), 3)
    assert find(payload, "x.y") == (("x.y",), 4)
    for path in ("a[2].b", "a.b", "a[0].c", "raw.e", "a[0].b.c", "nope", "a[9999999999]"):
        assert find(payload, path) is None


def test_a_group_of_answers_is_not_mistaken_for_a_row() -> None:
    payload = {"x": {"name": "Form", "answers": [{"label": "Q", "value": "A"}]}, "y": {"title": "T", "content": {"k": "v"}}}
    assert told(payload) == {"name": "Form", "Q": "A", "title": "T", "k": "v"}


def test_a_row_without_a_name_in_a_list_is_read_as_an_object() -> None:
    assert told({"rows": [{"value": 1}, {"value": 2}]}) == {"value": 2}


def test_choices_are_told_in_words() -> None:
    rows = [
        {"label": "One", "value": {"id": 1, "label": "First"}},
        {"label": "Many", "value": [{"label": "A"}, {"text": "B"}, "c"]},
        {"label": "Ids", "value": ["1", "3"], "options": [{"id": "1", "text": "Uno"}, {"value": "2", "label": "Dos"}, "x"]},
        {"label": "Untouched", "value": {"first": "A", "last": "B"}},
    ]
    assert told({"rows": rows}) == {"One": "First", "Many": ["A", "B", "c"], "Ids": ["Uno", "3"], "first": "A", "last": "B"}


def test_nesting_and_numbers_of_fields_end_somewhere() -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = {"a": deep}
    assert read(deep) == []
    assert len(read({"rows": [list(range(1))] * 5_000})) == 4_000


def test_text_that_only_looks_like_json_stays_text() -> None:
    assert told({"a": "{not json}", "b": "[1, 2]", "c": '{"d": "\\u0000"}'}) == {
        "a": "{not json}",
        "b": [1, 2],
        "c": '{"d": "\\u0000"}',
    }
