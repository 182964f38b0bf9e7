"""Whole documents in bulk, from bytes: nothing is parsed or serialised again on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from opensearchpy import AsyncOpenSearch

from infra.opensearch.client import BUSY, SearchUnavailable, asked

CONFLICT: Final = 409
NOT_FOUND: Final = 404
_ASKED: Final = {"filter_path": "errors,items.*.status,items.*.error.type", "require_alias": "true"}
_HEADERS: Final = {"content-type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document as it is to stand in the index, unless a newer version stands there already."""

    id: str
    version: int
    source: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that OpenSearch will never take as it is. `reason` quotes no values."""

    id: str
    reason: str


def body(documents: Iterable[Versioned]) -> bytes:
    """NDJSON for `_bulk`."""
    parts = []
    for document in documents:
        action = b'{"index":{"_id":%b,"version":%d,"version_type":"external_gte"}}\n'
        parts.append(action % (orjson.dumps(document.id), document.version))
        parts.append(document.source)
        parts.append(b"\n")
    return b"".join(parts)


async def index(client: AsyncOpenSearch, name: str, documents: Sequence[Versioned]) -> list[Refused]:
    """Index all of them into the alias `name`; whoever is newer stays. Returns those that were refused for good.

    Raises SearchUnavailable if OpenSearch took none or only some: all of them may be sent again.
    """
    if not documents:
        return []
    async with asked():
        answer: dict[str, Any] = await client.bulk(body=body(documents), index=name, params=_ASKED, headers=_HEADERS)
    if not answer["errors"]:
        return []
    refused = []
    for document, item in zip(documents, answer["items"], strict=True):
        result = item["index"]
        status = int(result["status"])
        if status in BUSY or status == NOT_FOUND:
            raise SearchUnavailable(f"status {status}")
        if status >= 400 and status != CONFLICT:
            refused.append(Refused(document.id, _reason(result.get("error", {}), status)))
    return refused


def _reason(error: dict[str, Any], status: int) -> str:
    """The kind of error; its wording could quote the document."""
    return str(error.get("type") or f"status {status}")
