"""What is read from memory is what would have been read without it."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from producers.forms.adapters import adapter
from producers.forms.payload import check
from producers.forms.reading import shortcuts
from producers.forms.reading.cutting import CUTS_MAX
from producers.forms.reading.layouts import (
    ALIKE_MAX,
    ALL_CUTS_MAX,
    KIND_CHARACTERS_MAX,
    LEARNED_WHEN_FULL,
    Layouts,
    Recalled,
    Translate,
)
from producers.forms.submission import ParsedSubmission
from tests.producers.forms.intaking import given
from tests.producers.forms.reading.mutants import FIGURES, bodies, changed, like, mutants, refigured
from tests.producers.forms.shape import JSON


def submission(found: Recalled, translate: Translate) -> ParsedSubmission:
    """What memory makes of a body."""
    return found.read(translate, found.shortcut(translate))


@pytest.mark.parametrize("write", [orjson.dumps, lambda payload: json.dumps(payload, indent=1).encode()])
def test_memory_changes_nothing(write: Callable[[Any], bytes]) -> None:
    chance, recalled, total = random.Random(5), 0, 0
    for name, vendor, payload in bodies():
        layouts, reader = Layouts(), adapter(vendor)
        for mutant in (payload, payload, *mutants(payload, chance), payload):
            body = write(mutant)
            found = layouts.recall(vendor, body, body.decode())
            read = check(body, JSON)
            plain = reader.translate(read, {})
            total += 1
            if found is None:
                layouts.learn(vendor, body, body.decode(), read, reader.readable(read), reader.beside(read))
                continue
            recalled += 1
            assert reader.translate(found.beside, {}, found.entries) == plain, (name, body)
            assert submission(found, reader.translate) == plain, (name, body)
    assert recalled > total // 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"entry": [["email", "email"], ["b", "b"]]}, {"entry": [["email", "ann@example.com"], ["b", "c"]]}),
        (
            {"list": [{"name": "Team", "values": {"labels": ["A"], "label": "B"}}]},
            {"list": [{"name": "Team", "values": {"labels": ["C"], "label": "B"}}]},
        ),
        (
            {"list": [{"label": "Size", "value": "free", "options": [{"id": "o1", "text": "One"}]}]},
            {"list": [{"label": "Size", "value": "o1", "options": [{"id": "o1", "text": "One"}]}]},
        ),
        ({"list": [{"type": "x", "email": "a", "value": "b"}]}, {"list": [{"type": "email", "email": "a", "value": "b"}]}),
        ({"data": {"label": " ", "value": "b"}}, {"data": {"label": "E-mail", "value": "b"}}),
        ({"raw": "x[1]"}, {"raw": "[1]"}),
    ],
)
def test_a_text_that_decides_is_no_value(first: Any, second: Any) -> None:
    layouts, reader, body = Layouts(), adapter("generic"), orjson.dumps(second)
    layouts.learn("", orjson.dumps(first), orjson.dumps(first).decode(), first, first, {})
    found = layouts.recall("", body, body.decode())
    assert found is None or reader.translate(second, {}, found.entries) == reader.translate(second, {})


def test_what_texts_become_is_what_other_texts_of_their_sort_become(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, fitted = random.Random(11), 0

    fits = shortcuts.Fits.__call__

    def counted(self: shortcuts.Fits, asked: str, texts: Sequence[str]) -> bool:
        nonlocal fitted
        found = fits(self, asked, texts)
        fitted += found
        return found

    monkeypatch.setattr(shortcuts.Fits, "__call__", counted)
    for name, vendor, payload in bodies():
        layouts, reader = Layouts(), adapter(vendor)
        body = orjson.dumps(payload)
        layouts.learn(vendor, body, body.decode(), payload, reader.readable(payload), reader.beside(payload))
        for _ in range(8):
            share = chance.random()
            mutant = changed(payload, lambda text: like(text, chance) if chance.random() < share else text)  # noqa: B023
            mutant = refigured(mutant, lambda old: chance.choice(FIGURES) if chance.random() < share else old)  # noqa: B023
            body = orjson.dumps(mutant)
            found = layouts.recall(vendor, body, body.decode())
            if found is not None:
                assert submission(found, reader.translate) == reader.translate(check(body, JSON), {}), (name, body)
    assert fitted > 400


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "ann@example.com", "name": "Contact form"}, {"email": "ann@example.com", "name": "Ann Lee"}),
        ({"data": {"email": "a@example.com"}, "name": "Contact form"}, {"data": {"email": "a@example.com"}, "name": "Ann Lee"}),
        ({"email": "a@example.com", "newsletter": "yes"}, {"email": "a@example.com", "newsletter": "no"}),
        ({"email": "a@example.com", "note": "hello"}, {"email": "a@example.com", "note": "utm_source=x"}),
        ({"email": "a@example.com", "note": "hello"}, {"email": "a@example.com", "note": "+4930123456"}),
        ({"email": "a@example.com", "mail": "b@example.com"}, {"email": "a@example.com", "mail": "a@example.com"}),
        (
            {"id": "abcd-1234", "submitted_at": "2026-03-02T09:31:07Z"},
            {"id": "abcd-1234", "submitted_at": "2026-02-30T09:31:07Z"},
        ),
        ({"submitted_at": "x1234567"}, {"submitted_at": "1767600000"}),
        (
            {"consent": {"email": "mailto:ann@example.com"}, "note": "bob@example.com"},
            {"consent": {"email": "mailto:ann@example.com"}, "note": "ANN@example.com"},
        ),
        ({"name": "Ann"}, {"name": "²"}),
        (
            {"email": "bob@example.com", "newsletter": "ann@example.com"},
            {"email": "ann@example.com", "newsletter": "ann@example.com"},
        ),
        (
            {"email": "bob@example.com", "raw": '{"mail": "ann@example.com"}'},
            {"email": "ann@example.com", "raw": '{"mail": "ann@example.com"}'},
        ),
        ({"email": "a@example.com", "": "x", "value": "y"}, {"email": "a@example.com", "": "x", "value": "x"}),
        (
            {"email": "a@example.com", "f": [{"name": "id", "label": "Phone", "value": "abcd1234"}]},
            {"email": "a@example.com", "f": [{"name": "id", "label": "Phone", "value": "12345x12"}]},
        ),
        (
            {"country": "DE", "f": [{"name": "time", "label": "Phone", "value": "1000000000"}]},
            {"country": "DE", "f": [{"name": "time", "label": "Phone", "value": "3012345678"}]},
        ),
        (
            {"email": "a@example.com", "note": "mark000001", "page_url": "https://x.de/mark000001/a"},
            {"email": "a@example.com", "note": "other words", "page_url": "https://x.de/mark000001/a"},
        ),
        ({"submitted_at": 1767600000}, {"submitted_at": 17}),
        ({"submitted_at": 1767600000}, {"submitted_at": 1767600000123}),
        ({"email": "a@example.com", "newsletter": 1}, {"email": "a@example.com", "newsletter": 0}),
        ({"email": "a@example.com", "honeypot": 0}, {"email": "a@example.com", "honeypot": 7}),
        ({"email": "a@example.com", "phone": 4930123456}, {"email": "a@example.com", "phone": 17}),
        ({"email": "a@example.com", "id": "123456"}, {"email": "a@example.com", "id": "form"}),
        ({"event": "form.submitted", "email": "a@example.com"}, {"event": "ping", "email": "a@example.com"}),
        ({"name": "Ann Lee", "first_name": "Ann"}, {"name": "Lee", "first_name": "Ann"}),
        ({"name": "Lee", "first_name": "Ann"}, {"name": "Ann Lee", "first_name": "Ann"}),
        ({"name": "Lee", "first_name": "Ann"}, {"name": "ANNA", "first_name": "Ann"}),
        ({"name": "Lee", "first_name": "Ann"}, {"name": "Lee", "first_name": ""}),
        ({"phone": "030 1234567"}, {"phone": "0049 30 1234567"}),
        ({"phone": "030 1234567", "country": "DE"}, {"phone": "040 1234567", "country": "DE"}),
        ({"email": "a@example.com", "7.3": "Ann"}, {"email": "a@example.com", "7.3": "49"}),
        ({"email": "a@example.com", "7.3": "Ann", "7.6": "Lee"}, {"email": "a@example.com", "7.3": "Ann", "7.6": "49"}),
        ({"email": "a@example.com", "7.3": "49"}, {"email": "a@example.com", "7.3": "Ann"}),
        (
            [{"email": "a@example.com", "name": "Ann Lee"}, {"name": "", "phone": "+4930123456"}],
            [{"email": "a@example.com", "name": "Ann Lee"}, {"name": "Bob Ray", "phone": "+4930123456"}],
        ),
        (
            [{"email": "a@example.com"}, {"note": "hello", "phone": "+4930123456"}],
            [{"email": "a@example.com"}, {"note": "b@example.com", "phone": "+4930123456"}],
        ),
    ],
)
def test_a_text_that_may_decide_takes_no_shortcut(first: Any, second: Any) -> None:
    layouts, reader = Layouts(), adapter("generic")
    body = orjson.dumps(first)
    layouts.learn("", body, body.decode(), first, first, {})
    for payload in (first, first, second, first):
        body = orjson.dumps(payload)
        found = layouts.recall("", body, body.decode())
        assert found is None or submission(found, reader.translate) == reader.translate(payload, {})


def test_only_values_may_differ() -> None:
    layouts, reader = Layouts(), adapter("generic")

    def learn(payload: Any) -> None:
        body = orjson.dumps(payload)
        layouts.learn("", body, body.decode(), payload, reader.readable(payload), reader.beside(payload))

    def known(text: str) -> bool:
        return layouts.recall("", text.encode(), text) is not None

    learn({"email": "ann@example.com", "fields": [{"label": "Size", "value": "5"}], "n": 1, "agreed": True})
    assert known('{"email":"","fields":[{"label":"Size","value":"7"}],"n":1,"agreed":true}')
    assert known('{"email":"","fields":[{"label":"Size","value":"7"}],"n":-20.25,"agreed":true}')
    for other in (
        '{"email":"","fields":[{"label":"Team","value":"7"}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":2.50,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":1e3,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":00,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":"1","agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":null,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":7}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":1,"agreed":false}',
        '{"mail":"","fields":[{"label":"Size","value":"7"}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"\\u0000"}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"\x01"}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"{7"}],"n":1,"agreed":true}',
        '{"email":"","fields":[{"label":"Size","value":"7"}],"n":1,"agreed":true} ',
        '{"email":"","fields":[{"label":"Size","value":"7}],"n":1,"agreed":true}"',
    ):
        assert not known(other), other


@pytest.mark.parametrize("body", [b'{"a":"x","a":"y"}', b' {"a":"x"}', b"a=1", b'{"a":"' + b"x" * 20_000 + b'"}'])
def test_what_cannot_be_told_is_not_learned(body: bytes) -> None:
    layouts, payload = Layouts(), {"a": "y"}
    layouts.learn("", body, body.decode(), payload, payload, {})
    assert layouts.recall("", body, body.decode()) is None


def test_memory_is_bounded() -> None:
    layouts = Layouts(count_max=3)

    def learn(payload: Any) -> bytes:
        body = orjson.dumps(payload)
        layouts.learn("", body, body.decode(), payload, payload, {})
        return body

    learned = [learn({"a": "x", "b": [["y"]] * size}) for size in range(3)]
    for _ in range(LEARNED_WHEN_FULL - 1):
        body = learn({"other": "x"})
        assert layouts.recall("", body, body.decode()) is None
    learn({"other": "x"})
    assert layouts.recall("", body, body.decode()) is not None
    assert layouts.recall("", learned[0], learned[0].decode()) is None
    assert layouts.recall("", learned[2], learned[2].decode()) is not None
    alike = Layouts()
    payloads = [{"a": "x", f"n{number}": 1} for number in range(ALIKE_MAX + 1)]
    bodies = [orjson.dumps(payload) for payload in payloads]
    for payload, body in zip(payloads, bodies, strict=True):
        alike.learn("", body, body.decode(), payload, payload, {})
    assert [alike.recall("", body, body.decode()) is None for body in bodies] == [False] * ALIKE_MAX + [True]


def test_what_is_remembered_of_a_kind_is_bounded() -> None:
    layouts, payload = Layouts(), {"a": "x"}
    body = orjson.dumps(payload)
    for size, kept in ((KIND_CHARACTERS_MAX, True), (KIND_CHARACTERS_MAX + 1, False)):
        layouts.learn("k" * size, body, body.decode(), payload, payload, {})
        assert (layouts.recall("k" * size, body, body.decode()) is not None) == kept


def test_typeforms_own_request_is_translated_once_for_all_that_are_like_it() -> None:
    layouts, reader, payload = Layouts(), adapter("typeform"), given("typeform")["body"]
    body = orjson.dumps(payload)
    layouts.learn("", body, body.decode(), payload, reader.readable(payload), reader.beside(payload))
    found = layouts.recall("", body, body.decode())
    assert found is not None
    read = submission(found, reader.translate)

    def never(*_: Any) -> Any:
        raise AssertionError

    assert read == reader.translate(payload, {}) == submission(found, never)


def test_where_there_is_no_shortcut_it_is_soon_looked_for_rarely() -> None:
    layouts, payload = Layouts(), {"name": "Ann Lee", "first_name": "Ann"}
    reader, body, times = adapter("generic"), orjson.dumps(payload), 160
    layouts.learn("", body, body.decode(), payload, reader.readable(payload), reader.beside(payload))
    found = layouts.recall("", body, body.decode())
    assert found is not None
    asked: list[str] = []
    sorting = found.layout._sorting
    sorting.shortcut = lambda *_: asked.append("")  # type: ignore[method-assign,func-returns-value]
    for _ in range(times):
        submission(found, reader.translate)
    assert len(asked) == (times + 1).bit_length() - 1


def test_a_shortcut_that_is_of_use_is_followed_by_the_next_one_at_once() -> None:
    layouts, reader, notes = Layouts(), adapter("generic"), ("hello", "", "+4930123456")
    form = {"email": "ann@example.com", "note": "hello"}
    body = orjson.dumps(form)
    layouts.learn("", body, body.decode(), form, form, {})
    for note in (*notes, *notes, *notes):
        body = orjson.dumps(form | {"note": note})
        for _ in range(3):
            found = layouts.recall("", body, body.decode())
            assert found is not None
            fits = found.shortcut(reader.translate)
    assert fits is not None
    assert len(found.layout._shortcuts) == len(notes)


def test_a_wide_body_is_not_learned_and_many_names_beside_first_names_take_no_room() -> None:
    layouts = Layouts()
    for payload, learned in (
        ({f"company{number}": "x" for number in range(CUTS_MAX + 1)}, False),
        ([{"name": "a", "first_name": "b"}] * (CUTS_MAX // 2), True),
    ):
        body = orjson.dumps(payload)
        layouts.learn("", body, body.decode(), payload, payload, {})
        found = layouts.recall("", body, body.decode())
        assert (found is not None) == learned
        assert found is None or found.shortcut(adapter("generic").translate) is None
        assert found is None or not found.layout._sorting._apart


def test_all_layouts_together_have_their_bound() -> None:
    layouts, each = Layouts(), CUTS_MAX
    bodies = [orjson.dumps({f"f{body}x{number}": "v" for number in range(each)}) for body in range(ALL_CUTS_MAX // each + 3)]
    for body in bodies:
        payload = orjson.loads(body)
        layouts.learn(f"k{len(body)}{body[:8]!r}", body, body.decode(), payload, payload, {})
    held = [layouts.recall(f"k{len(body)}{body[:8]!r}", body, body.decode()) is not None for body in bodies]
    assert not held[0]
    assert held[-1]
    assert sum(held) == ALL_CUTS_MAX // (each + 1)
