"""What is asked of the index, and of the documents behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson
from opensearchpy import AsyncOpenSearch

from infra.auth.roles import User
from infra.opensearch.client import asked

FIELDS: Final = ("name", "email", "company")
HIGHLIGHTS_MAX: Final = 5

CURRENT: Final = "select lead, body from lead_search.leads where lead = any($1::text[]) and body is not null"


@dataclass(frozen=True, slots=True)
class Hit:
    """A lead that was found; `highlights` are HTML, the words that were found in `<em>`, everything else escaped."""

    lead: str
    highlights: tuple[str, ...]


def request(text: str, user: User, limit: int) -> dict[str, Any]:
    """Every word typed must begin a word of name, address or company, or stand in the rest; whole words count more."""
    begun = [f"{field}.begun" for field in FIELDS]
    matches = [
        {"multi_match": {"query": text, "type": "cross_fields", "operator": "and", "fields": begun, "boost": 2}},
        {"match": {"text": {"query": text, "operator": "and"}}},
    ]
    filters: list[dict[str, Any]] = []
    if not user.sees_all:
        own = [{"term": {"unassigned": True}}, {"terms": {"owner": sorted(user.persons)}}]
        filters.append({"bool": {"should": own, "minimum_should_match": 1}})
    whole = {"multi_match": {"query": text, "type": "most_fields", "fields": ["name^3", "email^2", "company"]}}
    found = {"bool": {"should": matches, "minimum_should_match": 1}}
    return {
        "size": limit,
        "_source": False,
        "track_total_hits": 10_000,
        "timeout": "2s",
        "query": {"bool": {"must": [found], "should": [whole], "filter": filters}},
        "sort": ["_score", {"created_at": "desc"}],
        "highlight": {
            "encoder": "html",
            "number_of_fragments": 0,
            "fields": {field: {} for field in begun},
        },
    }


async def search(client: AsyncOpenSearch, name: str, text: str, user: User, limit: int) -> tuple[list[Hit], int]:
    """Leads found, best first, and how many there are (at most 10,000 are counted). Raises SearchUnavailable."""
    async with asked():
        answer = await client.search(index=name, body=request(text, user, limit))
    hits = [Hit(hit["_id"], _highlights(hit.get("highlight", {}))) for hit in answer["hits"]["hits"]]
    return hits, int(answer["hits"]["total"]["value"])


def _highlights(found: dict[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(text for texts in found.values() for text in texts)[:HIGHLIGHTS_MAX]


async def current(pool: asyncpg.Pool, leads: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The documents as they stand now; erased leads are not in it, whatever the index still says."""
    rows = await pool.fetch(CURRENT, list(leads))
    return {row["lead"]: orjson.loads(row["body"]) for row in rows}
