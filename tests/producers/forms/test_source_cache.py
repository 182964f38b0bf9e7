import pytest

from producers.forms import source_cache
from producers.forms.source_cache import CACHED_MAX, STALE_SECONDS_MAX, UNKNOWN_MAX, SourceCache
from tests.producers.forms.intaking import Table, source

pytestmark = pytest.mark.asyncio


class Cached:
    """A cache over a table, and its clock."""

    def __init__(self) -> None:
        self.table = Table(source())
        self.now = 0.0
        self.cache = SourceCache(self.table, now=lambda: self.now)  # type: ignore[arg-type]

    async def signed(self) -> bool:
        found = self.cache.known("src_1") or await self.cache.get("src_1")
        assert found is not None
        return found.signed


async def test_what_was_not_asked_for_in_a_long_while_is_read_before_it_is_used() -> None:
    here = Cached()
    assert not await here.signed()
    here.table.sources["src_1"] = source(signed=True)
    here.now += STALE_SECONDS_MAX + 10
    assert await here.signed()


async def test_and_used_as_it_was_while_the_table_is_away() -> None:
    here = Cached()
    await here.signed()
    here.table.away = True
    for _ in range(3):
        here.now += STALE_SECONDS_MAX + 10
        assert not await here.signed()


async def test_a_source_that_this_process_changed_is_read_at_once() -> None:
    here, other = Cached(), Cached()
    for one in (here, other):
        await one.signed()
        one.table.sources["src_1"] = source(signed=True)
    source_cache.forget("src_1")
    assert await here.signed()
    assert await other.signed()


async def test_ids_that_nobody_has_push_no_source_out_and_are_not_asked_for_twice() -> None:
    here = Cached()
    await here.signed()
    for number in range(CACHED_MAX + UNKNOWN_MAX):
        assert await here.cache.get(f"guess_{number}") is None
    asked = here.table.asked
    assert await here.cache.get(f"guess_{CACHED_MAX + UNKNOWN_MAX - 1}") is None
    assert not await here.signed()
    assert here.table.asked == asked


async def test_a_source_that_is_used_stays_while_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_cache, "CACHED_MAX", 2)
    here = Cached()
    for number in range(2, 5):
        here.table.sources[f"src_{number}"] = source(f"src_{number}")
        await here.signed()
        await here.cache.get(f"src_{number}")
    asked = here.table.asked
    await here.signed()
    assert here.table.asked == asked
