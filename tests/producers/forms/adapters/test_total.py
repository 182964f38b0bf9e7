"""No adapter falls over a payload that its vendor never sends: captured requests with pieces replaced, moved and taken out."""

import contextlib
import copy
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from producers.forms.adapters import parts_of, translate
from producers.forms.limits import BadPayload
from producers.forms.payload import check
from producers.forms.previewing import preview
from producers.forms.translate import Origin, delivery_of, person_of, received
from schemas.message import Sealed
from tests.producers.forms.given import CASES, read
from tests.producers.forms.intaking import given

ROUNDS = 250
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 1e300, "", " ", "x", "\ud7ff", "a" * 5_000, [], {}, [[]], [None], [{}], {"": ""}),
    *({"value": {"value": {}}}, ["a", 1, None], "1772443867", "2026-13-45T99:99:99Z", "{", '{"a": [1]}', "@", "+1"),
)


def hashed(kind: str, value: str) -> str:
    return f"{kind}({value})"


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in pairs:
        yield from places(value, (*path, step))


def changed(payload: Any, chance: random.Random) -> Any:
    """One to three pieces replaced."""
    payload = copy.deepcopy(payload)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(places(payload)))
        odd = copy.deepcopy(chance.choice(ODD))
        if not path:
            return odd
        node = payload
        for step in path[:-1]:
            node = node[step]
        if chance.random() < 0.3:
            del node[path[-1]]
        else:
            node[path[-1]] = odd
    return payload


@pytest.mark.parametrize("name", CASES)
def test_a_captured_request_with_pieces_changed_is_read_or_refused(name: str) -> None:
    case, vendor = read(name), given(name)["vendor"]
    payload = check(case.body, case.content_type)
    answers = [given(name)["follow_up"]["response"]] if "follow_up" in given(name) else []
    splits, chance = parts_of(vendor), random.Random(name)
    for _ in range(ROUNDS):
        odd = changed(chance.choice([payload, *answers]), chance)
        try:
            parts = [odd] if splits is None else [part.payload for part in splits(odd, case.headers)]
        except BadPayload:
            continue
        with contextlib.suppress(BadPayload):
            preview(vendor, {}, case.headers, orjson.dumps(odd), "application/json")
        for part in parts:
            parsed = translate(vendor, part, {})
            if parsed.kind == "ignored":
                continue
            delivery = delivery_of(hashed, "s", parsed.vendor_event_id, part)
            assert received(parsed, Origin(vendor, "s"), "sub", delivery, Sealed("1.k.x"), hashed)
            assert person_of(parsed, "{}", "application/json") is not None
