"""One payload of a form tool that nobody named, and what must be found in it."""

import json
from typing import Any, NamedTuple

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Shape(NamedTuple):
    name: str
    content_type: str
    body: bytes
    expect: dict[str, Any]


def as_json(shape: str, body: Any, /, **expect: Any) -> Shape:
    return Shape(shape, JSON, json.dumps(body, ensure_ascii=False).encode(), expect)


def as_form(shape: str, body: str, /, **expect: Any) -> Shape:
    return Shape(shape, FORM, body.encode(), expect)


def as_multipart(shape: str, /, *fields: tuple[str, str], **expect: Any) -> Shape:
    parts = "".join(f'--b0\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields)
    return Shape(shape, "multipart/form-data; boundary=b0", (parts + "--b0--\r\n").encode(), expect)


ANNA = {"email": "anna@example.com", "name": "Anna Schmidt"}
