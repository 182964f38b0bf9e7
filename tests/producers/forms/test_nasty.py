"""Whatever stands in a body of a mebibyte, it is answered before anybody else at the loop notices."""

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

import pytest

from producers.forms.answers import BODY_BYTES_MAX
from producers.forms.limits import BadPayload
from producers.forms.previewing import preview
from tests.producers.forms.given import CASES, read
from tests.producers.forms.intaking import Rig, source

SECONDS_MAX: Final = 2.0 if sys.gettrace() is None else 8.0  # measuring coverage takes several times as long
ROOM: Final = BODY_BYTES_MAX - 2_000
ROWS: Final = 900
VENDORS: Final = sorted({read(name).vendor for name in CASES})


def row_keys(text: str) -> dict[str, Any]:
    """Tally's rows, each with a key as long as there is room for."""
    long = (text * ROOM)[:ROOM]
    fields = [{"key": "q", "value": ["a"]}, {"key": f"q{long}", "label": "x", "value": True}]
    return {"eventType": "FORM_RESPONSE", "data": {"fields": fields}}


SHAPES: Final[Mapping[str, Any]] = {
    "underscores": row_keys("_"),
    "underscores and letters": row_keys("_a"),
    "one long key": {("a_" * ROOM)[: ROOM - 100]: True},
    "one long value": {"email": ("a." * ROOM)[: ROOM - 100] + "@"},
    "brackets of an address": {"email": ("<" * ROOM)[: ROOM - 100] + ">"},
    "spaces before a bracket": {"email": "a" + " " * (ROOM - 100) + ">"},
    "a number without end": {"phone": "+" + "1" * 38 + " " * (ROOM - 200) + "x"},
    "accents": {"consent": "y" + "\u0301\u0316" * (ROOM // 12), "b" + "\u0316\u0301" * (ROOM // 24): "yes"},
    "equal questions": [{"question": "q", "answer": n} for n in range(ROWS)],
    "long rows": [{"question": "q" * 500, "answer": "a" * 500} for _ in range(ROWS)],
    "objects in a text": {"rawRequest": json.dumps({"a": [{"b": n} for n in range(50_000)]})},
    "lists in a text": {"rawRequest": "[" + ",".join(["[]"] * 300_000) + "]"},
    "pairs in a text": {"rawRequest": "[" + ",".join(['["a",1]'] * 100_000) + "]"},
    "definitions in a text": {"fields": "[" + ",".join(['{"id":1,"title":"a"}'] * 40_000) + "]"},
    "options": {"fields": [{"label": "q", "value": "1", "options": [{"id": str(n), "text": "t"} for n in range(400)]}]},
    "a text within a text": {"a": json.dumps({"a": json.dumps({"a": json.dumps({"a": "x" * (ROOM // 2)})})})},
    "lists of answers": {f"k{n}": ["v"] * 10 for n in range(180)},
    "a large number": '{"a": ' + "1" * (ROOM - 100) + "}",
    "digits and dots": '{"a": "' + ",1.1" * (ROOM // 5) + '", "b": 1e308}',
    "addresses": {f"utm{n}": "https://e.example/?" + "&".join(["utm_source=a"] * 300) for n in range(250)},
    "deep": "[" * 33 + "1" + "]" * 33,
    "open brackets": "[" * ROOM,
}


def placed(vendor: str, shape: Any) -> list[bytes]:
    """A shape as the whole body, and where a vendor's captured body holds an object or a list."""
    bodies = [shape.encode() if isinstance(shape, str) else json.dumps(shape, ensure_ascii=False).encode()]
    for sample in (
        json.loads(read(name).body) for name in CASES if read(name).vendor == vendor and "json" in read(name).content_type
    ):
        if isinstance(sample, dict) and not isinstance(shape, str):
            within = [key for key, value in sample.items() if isinstance(value, dict | list)]
            bodies += [json.dumps({**sample, key: shape}, ensure_ascii=False).encode() for key in within]
    return bodies


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.asyncio
async def test_a_body_of_any_shape_is_answered_at_once(vendor: str) -> None:
    rig = Rig(source(vendor=vendor))
    for shape in SHAPES.values():
        for body in placed(vendor, shape):
            began = time.process_time()
            reply = await rig.post(body, content_type="application/json")
            assert time.process_time() - began < SECONDS_MAX, body[:100]
            assert reply is not None
            assert reply.status in (200, 202, 400, 413, 422)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_body_of_any_shape_is_previewed_at_once(vendor: str) -> None:
    beside = {f"k{n}": n for n in range(1_000)}
    for shape in ({"a": json.dumps(list(range(100_000))), **beside}, *SHAPES.values()):
        body = shape if isinstance(shape, str) else json.dumps(shape, ensure_ascii=False)
        began = time.process_time()
        with contextlib.suppress(BadPayload):
            preview(vendor, {}, {}, body.encode(), "application/json")
        assert time.process_time() - began < SECONDS_MAX, body[:100]
