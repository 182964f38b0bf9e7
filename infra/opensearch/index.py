"""Indices as data, made if they are missing."""

from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import RequestError

from infra.opensearch.client import asked


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A versioned index, and the alias under which it is read.

    Attributes:
        name: with the deployment's prefix and the version.
        alias: with the prefix, without a version.
        body: settings and mappings.
    """

    name: str
    alias: str
    body: dict[str, Any]

    @property
    def write_alias(self) -> str:
        """Under which it is written: an index that was deleted isn't made anew, without its mappings, by the next write."""
        return f"{self.name}-write"


async def ensure(client: AsyncOpenSearch, definition: IndexDefinition, *, live: bool = True) -> bool:
    """Make the index unless it is there; True if it was made. May be called by several processes at once.

    `live` also points the alias to it if nothing has the alias yet. Raises SearchUnavailable.
    """
    body = {**definition.body, "aliases": {definition.write_alias: {}}}
    async with asked():
        exists = bool(await client.indices.exists(index=definition.name))
        made = False
        if not exists:
            try:
                await client.indices.create(index=definition.name, body=body)
                made = True
            except RequestError as refused:
                if refused.error != "resource_already_exists_exception":
                    raise
        if live and not await client.indices.exists_alias(name=definition.alias):
            await client.indices.put_alias(index=definition.name, name=definition.alias)
    return made


async def switch(client: AsyncOpenSearch, definition: IndexDefinition) -> list[str]:
    """Point the alias to this index and away from every other, at once, and delete those. Returns their names.

    Raises SearchUnavailable.
    """
    async with asked():
        others = []
        if await client.indices.exists_alias(name=definition.alias):
            others = [name for name in await client.indices.get_alias(name=definition.alias) if name != definition.name]
        actions: list[dict[str, Any]] = [{"add": {"index": definition.name, "alias": definition.alias}}]
        actions += [{"remove": {"index": name, "alias": definition.alias}} for name in others]
        await client.indices.update_aliases(body={"actions": actions})
        if others:
            await client.indices.delete(index=",".join(others), params={"ignore_unavailable": "true"})
    return others
