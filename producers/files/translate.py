"""What a file is called and where it stands. Pure."""

import re
from typing import Final
from urllib.parse import quote

from schemas.message import Frozen

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|]')
_ASCII: Final = re.compile(r"[^\x20-\x7e]")


class Description(Frozen):
    """What people say of a file, which may tell who the lead is."""

    name: str
    content_type: str = "application/octet-stream"


def upload_key(lead: str, file_id: str) -> str:
    """Where it is put as it comes."""
    return f"leads/{lead}/uploads/{file_id}"


def key(lead: str, file_id: str) -> str:
    """Where it is kept, sealed."""
    return f"leads/{lead}/files/{file_id}"


def below(lead: str) -> str:
    """Everything of a lead."""
    return f"leads/{lead}/"


def disposition(name: str) -> str:
    """Content-Disposition: always saved, never shown, because a file can be a page with a script."""
    safe = _UNSAFE.sub("_", name)
    return f"attachment; filename=\"{_ASCII.sub('_', safe)}\"; filename*=UTF-8''{quote(safe, safe='')}"
