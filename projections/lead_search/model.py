"""The tables of lead_search: one document a lead, and the marks of those that OpenSearch has not seen; and the index."""

from typing import Any, Final

import asyncpg
from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, MetaData, Table, Text, text

from infra.opensearch.index import IndexDefinition
from projections import ddl

SCHEMA: Final = "lead_search"
VERSION: Final = 1

PREFIX_CHARACTERS_MAX: Final = 20
"""Longest beginning of a word that is indexed by itself; longer input is cut to it for the prefix match."""


def tables(schema: str) -> MetaData:
    """`version` is the offset of the last fact plus one: the same number in every rebuild, so OpenSearch can go by it.

    A lead whose `body` is None was erased; its row stays, so that nothing revives it.
    """
    metadata = MetaData(schema=schema)
    key = Text(collation="C")
    Table(
        "leads",
        metadata,
        Column("lead", key, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("body", LargeBinary),
    )
    # `refused`: why OpenSearch won't take the document; it waits for the lead's next fact.
    Table(
        "dirty",
        metadata,
        Column("lead", key, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("since", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("refused", Text),
        Index("dirty_since", "since", postgresql_where=text("refused is null")),
    )
    return metadata


def statements(schema: str) -> list[str]:
    """What the migration runs."""
    return ddl.statements(schema, tables(schema))


async def create(connection: asyncpg.Connection, schema: str) -> None:
    """What a rebuild runs, for the schema beside."""
    await ddl.create(connection, schema, tables(schema))


def index(prefix: str, version: int = VERSION) -> IndexDefinition:
    """The index and its alias. Names, addresses and companies are found by the beginning of any of their words."""
    begun = {"type": "text", "analyzer": "begun", "search_analyzer": "beginning", "index_options": "docs", "norms": False}
    words: dict[str, Any] = {"type": "text", "analyzer": "typed", "fields": {"begun": begun}}
    keyword = {"type": "keyword", "ignore_above": 256}
    return IndexDefinition(
        name=f"{prefix}lead-search-v{version}",
        alias=f"{prefix}lead-search",
        body={
            "settings": {
                "number_of_shards": 1,
                "number_of_replicas": 0,
                "refresh_interval": "1s",
                # An erased person's document is to leave the disk when segments are expunged, however few there are.
                "merge.policy.expunge_deletes_allowed": "0",
                "analysis": _ANALYSIS,
            },
            "mappings": {
                "dynamic": False,
                "properties": {
                    "name": words,
                    "email": words,
                    "company": words,
                    "text": {"type": "text", "analyzer": "typed", "index_options": "docs", "norms": False},
                    "status": keyword,
                    "grade": keyword,
                    "owner": keyword,
                    "unassigned": {"type": "boolean"},
                    "source": keyword,
                    "score": {"type": "integer"},
                    "created_at": {"type": "date"},
                    "erased": {"type": "boolean"},
                },
            },
        },
    )


_PLAIN: Final = ["lowercase", "asciifolding"]
_ANALYSIS: Final[dict[str, Any]] = {
    "filter": {
        "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": PREFIX_CHARACTERS_MAX},
        "cut": {"type": "truncate", "length": PREFIX_CHARACTERS_MAX},
    },
    "tokenizer": {"words": {"type": "pattern", "pattern": r"[^\p{L}\p{N}]+"}},
    "analyzer": {
        "typed": {"type": "custom", "tokenizer": "words", "filter": _PLAIN},
        "begun": {"type": "custom", "tokenizer": "words", "filter": [*_PLAIN, "beginnings"]},
        "beginning": {"type": "custom", "tokenizer": "words", "filter": [*_PLAIN, "cut"]},
    },
}
