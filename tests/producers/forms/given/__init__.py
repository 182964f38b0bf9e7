"""The vendors' real-shaped requests, as they were handed to us."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from producers.forms.submission import ParsedSubmission

CASES = sorted(path.stem for path in Path(__file__).parent.glob("*.json"))


class Case(NamedTuple):
    vendor: str
    body: bytes
    content_type: str
    headers: dict[str, str]
    method: str
    url: str
    signature: dict[str, Any]
    expect: dict[str, Any]


def read(name: str) -> Case:
    """The request `name`, with lower-case header names."""
    case = json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
    return Case(
        vendor=case["vendor"],
        body=(case.get("body_raw") or case["body"]).encode(),
        content_type=case["content_type"],
        headers={key.lower(): value for key, value in case["headers"].items()},
        method=case["method"],
        url=case["url"],
        signature=case["signature"],
        expect=case["expect"],
    )


def expected(case: Case) -> dict[str, Any]:
    """What the case expects of the fields that a submission has; its source is the vendor, unless the sender names one."""
    fields = ParsedSubmission.model_fields.keys() - {"source"}
    return {key: value for key, value in case.expect.items() if key in fields}
