import json
import time

import pytest

from infra.gateway.nesting import DEPTH_MAX, too_deep


def nested(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b'"]]]]{"' + b"]}" * (depth // 2)


def test_depth_is_that_of_the_deepest_place() -> None:
    assert json.loads(nested(DEPTH_MAX))
    assert not too_deep(nested(DEPTH_MAX))
    assert too_deep(nested(DEPTH_MAX + 2))
    assert not too_deep(b"[" + b",".join([b"[[]]"] * 10_000) + b"]")
    assert too_deep(b'[["\\"[[[["]]', 1)


@pytest.mark.parametrize("text", [b'"[[[[', b'["\\', b"]]]]]][[", b"", b"\xff[{"])
def test_what_is_no_json_has_a_depth_too(text: bytes) -> None:
    assert not too_deep(text, 5)


def test_brackets_in_text_are_no_levels() -> None:
    assert not too_deep(json.dumps({"a": "[{" * 1_000, "b": '\\"[' * 1_000}).encode())


def test_the_worst_body_is_looked_at_in_a_moment() -> None:
    for worst in (b"[]" * 524_288, b"[" * 1_048_576, b'"' * 1_048_576 + b"[" * 70, b'"' + b"\\" * 1_048_000 + b"[" * 70):
        begun = time.perf_counter()
        too_deep(worst)
        assert time.perf_counter() - begun < 5, "linear, not quadratic"
