"""Bodies that forms send, and what else might stand in their place."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.producers.forms import corpus, shapes_of_envelopes, shapes_of_people, shapes_of_tools, shapes_of_wrappings
from tests.producers.forms.intaking import given
from tests.producers.forms.shape import JSON

MUTANTS = 8
ODD = [
    *(
        "",
        " ",
        "yes",
        "no",
        "true",
        "0",
        "{",
        "[",
        '{"email": "inner@example.com"}',
        "[1, 2]",
        "[]",
        "{}",
        "a\\b",
        'a"b',
        "tab\t",
        "Zoë – ☑",
    ),
    *("ann@example.com", "Ann Lee <ann@example.com>", "+49 30 1234567", "Ann Lee", "https://example.com/?utm_source=x", "email"),
    *("type", "label", "value", "name", "test", "spam", "2026-03-02T09:31:07Z", "first_name", "DE", "x" * 700, "\u2028", "😀"),
]

WORDS = [
    "Ann",
    "Ann Lee",
    "anna",
    "Contact form",
    "Zoë Müller",
    "²",
    "①",
    "Acme GmbH",
    "yes",
    "no",
    "Ja, gerne",
    "DE",
    "x",
    "lead",
    "x" * 201,
    "true",
]
SAID = ["11-50", "5", "200+", "1,000 EUR", "\u2028a", "(x)", "#1", "12345678", "/path", "https://a.example/b", ""]
ADDRESSES = [
    "ann@example.com",
    "Bob.Lee@Mail.example",
    "x@y",
    "ann@marks.example",
    "ANN@example.com",
    "Bob@Mail.GMAIL.com",
    "a..b@c.de",
    "mark000001@marks.example",
]
PHONES = ["+49 30 1234567", "+1 555-000.1111", "+39 06 1234 5678", "+49 (30) 1234567", "+49 30 12", "+49 30 1234567 ext. 7"]
LOCAL = [
    "030 1234567",
    "(212) 555-0123",
    "0049 30 1234567",
    "555 0123",
    "12 34",
    "1234567890123456",
    "(0)30/1234567",
    "030.1234.567",
]
NUMBERS = [*PHONES, "+49301234567", "+15550001111", "+33199002022", "+4912", "+999123456789", " +49301234567"]
TIMES = ["2026-03-02T09:31:07Z", "2026-02-30T09:31:07Z", "2024-02-29T00:00:00Z", "2026-04-31T09:31:07Z", "2026-12-31T23:59:59Z"]
TIMES += [
    "2026-03-02T09:31:07.123Z",
    "2026-03-02T09:31:07.1234567Z",
    "2026-12-31T23:59:59+01:00",
    "2026-01-01T00:00:00.5-13:59",
    "2026-03-02T09:31:07+0100",
]
CODES = ["6b6ad98a96e38fc6894ae42bca", "abcd-1234", "form-12345", "1767600000", "12345678", "12-jan-2024", "mark000003"]
DIGITS = ["1767600000", "1767600000123", "12345678", "77", "00012345", "9767600000", "12345678901234567890123"]
ALIKE = (WORDS, SAID, ADDRESSES, NUMBERS, LOCAL, TIMES, CODES, DIGITS)


def bodies() -> list[tuple[str, str, Any]]:
    """(name, vendor, payload) of everything that the tests know of."""
    found = [(case.name, "generic", case.body) for case in corpus.cases() if case.content_type == JSON]
    shapes = (*shapes_of_people.SHAPES, *shapes_of_envelopes.SHAPES, *shapes_of_tools.SHAPES, *shapes_of_wrappings.SHAPES)
    found += [(shape.name, "generic", shape.body) for shape in shapes if shape.content_type == JSON]
    found += [("typeform", vendor, orjson.dumps(given("typeform")["body"])) for vendor in ("typeform", "generic")]
    found += [(f"rows {number}", vendor, body) for vendor in ("generic", "typeform") for number, body in enumerate(rows())]
    return [(name, vendor, orjson.loads(body)) for name, vendor, body in found]


def rows() -> Iterator[bytes]:
    """Answers that are told by more than their keys."""
    field = {"id": "f1", "ref": "size", "type": "choice"}
    choices: list[Any] = [
        {"id": "c1", "label": "11-50"},
        {"ids": ["c1", "c2"], "labels": ["A", "B"]},
        {"ids": ["c1"], "labels": ["A"], "other": "else"},
        {"labels": [{"label": "A"}, "B"]},
        {"label": "A", "a": "1", "b": "2", "c": "3", "d": "4"},
    ]
    definition = {"fields": [{"id": "f1", "ref": "size", "title": "Team size"}, {"id": "f2", "ref": "mail", "title": "E-mail"}]}
    mail = {"type": "email", "email": "ann@example.com", "field": {"id": "f2", "ref": "mail", "type": "email"}}
    for choice in choices:
        for key in ("choice", "choices", "value", "values", "answers"):
            answers = [{"type": key, key: choice, "field": field}, mail]
            response = {"token": "t1", "definition": definition, "answers": answers, "hidden": {"utm_source": "x"}}
            yield orjson.dumps({"event_id": "e1", "event_type": "form_response", "form_response": response})
    options = [{"id": "o1", "text": "One"}, {"id": "o2", "text": "Two"}]
    for value in ("o1", ["o1", "o2"], "free"):
        yield orjson.dumps({"fields": [{"label": "Size", "type": "dropdown", "value": value, "options": options}]})
    yield orjson.dumps({"entry": [["a", "a"], ["email", "ann@example.com"]], "list": [["x", "y"], ["z", "z"]]})
    yield orjson.dumps({"data": {"type": "email", "email": "ann@example.com", "name": "Ann"}, "company": {"name": "Acme"}})


FIGURES = [
    0,
    1,
    -1,
    7,
    2.5,
    -0.5,
    0.0001,
    1.0,
    -0.0,
    1e-7,
    1e22,
    1767600000,
    1767600000.5,
    1767600000123,
    4915112345678,
    10**17,
    2**63,
    2**64 - 1,
]


def mutants(payload: Any, chance: random.Random) -> Iterator[Any]:
    """The payload with one text, then more and more of them, being another."""
    texts = [*ODD, *_texts(payload)]
    for number in range(MUTANTS):
        share = number / MUTANTS
        yield changed(payload, lambda text: chance.choice(texts) if chance.random() <= share else text)  # noqa: B023
    for text in ODD:
        place = chance.randrange(max(1, len(list(_texts(payload)))))
        count = iter(range(10_000))
        yield changed(payload, lambda old: text if next(count) == place else old)  # noqa: B023
    for share in (0.2, 0.5, 1):
        yield refigured(payload, lambda old: chance.choice(FIGURES) if chance.random() <= share else old)  # noqa: B023


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _texts(value)


def changed(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        return {key: changed(value, change) for key, value in node.items()}
    return [changed(value, change) for value in node] if isinstance(node, list) else node


def refigured(node: Any, change: Callable[[float], float]) -> Any:
    if isinstance(node, int | float) and not isinstance(node, bool):
        return change(node)
    if isinstance(node, dict):
        return {key: refigured(value, change) for key, value in node.items()}
    return [refigured(value, change) for value in node] if isinstance(node, list) else node


def like(text: str, chance: random.Random) -> str:
    """Another text of the same sort, more or less."""
    sort = next((texts for texts in ALIKE if text in texts), None)
    if sort is None:
        sort = ADDRESSES if "@" in text else NUMBERS if text[:1] == "+" else TIMES if text[:3] == "202" else WORDS
        sort = DIGITS if text.isdigit() else LOCAL if text[:1] in ("0", "(") else sort
    return chance.choice(sort)
