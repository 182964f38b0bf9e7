"""A large import beside live leads: nobody is mailed, nobody waits, nothing is doubled, and undo takes back its rows alone."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from infra.settings import Settings
from infra.wiring.work import worker
from tests.infra.mail.catching import Catcher, catching
from tests.needing import needs
from tests.producers.imports.office import Office, leads_of, open_office, people, routed, table
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, needs("routing", "communication")]
log = logging.getLogger(__name__)
ROUTED_SECONDS = 2.0
BUSY_MAX = 0.02
"""How many of hundreds of leads may meet a moment in which the machine does something else altogether."""
SLOWER_MAX = 4
"""In the short test, whose machine may be so busy with other things that even a lead that comes alone takes its time."""
SHORT = 1_000
EXISTING = 20
UNDO_SECONDS_MAX = 3_000
LIVE, OLD = "live.example", "old.example"


@dataclass
class Mailed:
    """A system whose mail goes out to a server of the test's own."""

    system: System
    office: Office
    catcher: Catcher
    beside: list[asyncio.Task[None]]
    waits: list[float] = field(default_factory=list)

    def mailed_to(self, domain: str) -> int:
        return sum(address.endswith(f"@{domain}") for envelope in self.catcher.envelopes for address in envelope.rcpt_tos)

    async def live(self) -> None:
        """One lead after the other, until cancelled."""
        while True:
            self.waits.append(await routed(self.system, f"l{len(self.waits)}@{LIVE}"))
            await asyncio.sleep(0.3)


@pytest_asyncio.fixture(loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Mailed]:
    async with catching() as catcher:
        mail = settings.mail.model_copy(update={"host": "127.0.0.1", "port": catcher.port, "redirect_to": None})
        async with running(settings.model_copy(update={"mail": mail})) as system, open_office(system.has) as office:
            stop = asyncio.Event()
            mailing = asyncio.create_task((await worker(system.has)).run(stop))
            beside: list[asyncio.Task[None]] = []
            yield Mailed(system, office, catcher, beside)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            stop.set()
            await mailing


async def disturb(office: Office, id_: str, count: int) -> None:
    """Pause and go on, then kill the worker, twice each on the way."""
    for nth in range(4):
        while (await office.ask("GET", f"/{id_}", 200))["rows_read"] < count * (nth + 1) // 6:
            await asyncio.sleep(0.2)
        if nth % 2:
            await office.kill()
            await office.imports.pool.execute("update imports.imports set lease_until = now() where id = $1", id_)
            office.work()
        else:
            await office.ask("POST", f"/{id_}/pause", 202)
            await asyncio.sleep(0.5)
            await office.ask("POST", f"/{id_}/resume", 202)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    (result,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(result, asyncio.CancelledError), result


@pytest.mark.parametrize("count", [SHORT, pytest.param(50_000, marks=pytest.mark.long)])
async def test_an_import_mails_nobody_delays_nobody_and_is_undone_to_the_row(here: Mailed, count: int) -> None:
    system, office, pool = here.system, here.office, here.system.has.pool
    domain = f"bulk{count}.example"
    before = [await system.lead_of(await system.submit(f"p{number}@{OLD}")) for number in range(EXISTING)]
    alone = sorted([await routed(system, f"alone{number}@{LIVE}") for number in range(5)])
    begun = time.monotonic()
    id_ = await office.started(table([*people(count, domain), *people(EXISTING, OLD)]))
    living, disturbing = asyncio.create_task(here.live()), asyncio.create_task(disturb(office, id_, count))
    here.beside.extend((living, disturbing))

    item = await office.until(id_, "done", seconds=UNDO_SECONDS_MAX)

    took = time.monotonic() - begun
    await disturbing
    meanwhile = sorted(here.waits)
    await system.until_value(count, "select count(*) from lead_list.leads where email like '%@' || $1", domain)
    whole = time.monotonic() - begun
    said = (
        f"{count} rows accepted in {took:.0f} s ({count / took:.0f}/s), read by all in {whole:.0f} s; {len(meanwhile)} live leads "
        f"meanwhile, routed within {meanwhile[len(meanwhile) // 2]:.2f} s (half), {meanwhile[-1]:.2f} s (all); "
        f"alone {alone[2]:.2f} s (half), {alone[-1]:.2f} s (all)"
    )
    log.info(said)
    assert (item["state"], item["accepted"], item["duplicates"], item["errors"]) == ("done", count, EXISTING, 0)
    allowed = ROUTED_SECONDS if count > SHORT else max(ROUTED_SECONDS, SLOWER_MAX * alone[-1])
    assert sum(wait > allowed for wait in meanwhile) <= BUSY_MAX * len(meanwhile), said

    # While it is undone, leads still come in; one row's person sends the form, another is called.
    touched = [
        await pool.fetchval("select id from lead_list.leads where email = $1", f"p{number}@{domain}") for number in range(2)
    ]
    await system.lead_of(await system.submit(f"p0@{domain}"))
    noted = await office.client.post(f"/v1/leads/{touched[1]}/notes", json={"text": "called"}, headers=office.headers())
    assert noted.status_code in (201, 202)
    begun, first = time.monotonic(), len(here.waits)
    await office.ask("POST", f"/{id_}/undo", 202)
    undone = await office.until(id_, "undone", seconds=UNDO_SECONDS_MAX)
    await ended(living)
    log.info(
        "undone in %.0f s; %d live leads meanwhile, routed within %.2f s",
        time.monotonic() - begun,
        len(here.waits) - first,
        max(here.waits[first:], default=0.0),
    )
    assert undone["undone"] == {"erased": count - 2, "kept_existing": EXISTING, "kept_changed": 2}
    assert await leads_of(system, domain) == 2
    left = await pool.fetch("select id from lead_list.leads where email like '%@' || $1", domain)
    assert {row["id"] for row in left} == set(touched)
    kept = await pool.fetch("select id from lead_list.leads where email like '%@' || $1", OLD)
    assert {row["id"] for row in kept} == set(before)
    assert await leads_of(system, LIVE) >= len(here.waits) + len(alone)

    planned = await pool.fetchval(
        """select count(*) from effects.effects where lead in (select lead from imports.rows where import = $1)
           and lead <> all($2::text[])""",
        id_,
        [*before, touched[0]],
    )
    assert planned == 0
    assert here.mailed_to(LIVE) > 0
    assert here.mailed_to(domain) <= 1  # to the one who sent the form herself
