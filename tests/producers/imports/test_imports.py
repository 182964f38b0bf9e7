"""A file's whole way: upload past us, preview, rows as submissions, pause, kill, undo; and what it disturbs, which is nobody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.settings import Settings
from producers.imports.job import expire
from producers.imports.ports import Asked, Outbound
from tests.producers.imports.office import Office, leads_of, open_office, people, table
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(system: System) -> AsyncIterator[Office]:
    async with open_office(system.has) as opened:
        yield opened


def row_id(office: Office, id_: str, row: int) -> str:
    return office.imports.ids.derived(f"import|{id_}|{row}")


async def test_a_preview_says_what_the_file_is_taken_for(office: Office) -> None:
    data = "Vorname;Nachname;E-Mail;Telefon;Budget\r\nJörg;Müßig;joerg@a.example;+49 30 901820;10\r\nX;Y;none;;20\r\n".encode(
        "cp1252"
    )
    id_ = await office.uploaded(data)

    seen = await office.ask("POST", f"/{id_}/preview", 200)

    assert (seen["encoding"], seen["delimiter"]) == ("cp1252", ";")
    assert seen["rows"][0] == ["Jörg", "Müßig", "joerg@a.example", "+49 30 901820", "10"]
    assert seen["mapping"] == {
        "Vorname": "first_name",
        "Nachname": "last_name",
        "E-Mail": "email",
        "Telefon": "phone",
        "Budget": "answers.Budget",
    }
    assert seen["problems"] == {"E-Mail": ["can't be read as email in 1 of the first 2 rows"]}


async def test_rows_become_leads_and_errors_can_be_downloaded(system: System, office: Office) -> None:
    rows = [*people(3, "mixed.example"), ["=HYPERLINK(1)", "no address", "x"], ["", "", ""], ["Twin", "p0@mixed.example", "y"]]
    id_ = await office.started(table(rows) + b'"never closed,a@mixed.example\n')

    item = await office.until(id_, "done")

    assert (item["rows_read"], item["accepted"], item["duplicates"], item["errors"]) == (6, 3, 1, 2)
    assert await leads_of(system, "mixed.example") == 3
    answer = await office.client.get(f"/v1/imports/{id_}/errors.csv", headers=office.headers())
    assert answer.text.splitlines() == ["row,field,reason", "4,email,can't be read", "6,row,has a quote that is not closed"]
    assert await office.imports.files.store.keys(f"imports/{id_}/") == []


async def test_what_a_column_means_can_be_said(system: System, office: Office) -> None:
    id_ = await office.uploaded(table([["Ann", "ann@mapped.example", "ACME"]]))
    await office.ask("POST", f"/{id_}/preview", 200)

    refused = await office.ask("PUT", f"/{id_}/mapping", 422, json={"mapping": {"Name": "shoe size", "Ort": "email"}})
    fields = {error["field"] for error in refused["errors"]}
    assert fields == {"mapping.Ort", "mapping.Name"}
    mapping = {"Name": "answers.Who", "E-Mail": "email", "Firma": None}
    await office.ask("PUT", f"/{id_}/mapping", 200, json={"mapping": mapping})
    seen = await office.ask("POST", f"/{id_}/preview", 200)
    assert seen["mapping"] == mapping
    await office.ask("POST", f"/{id_}/start", 202)

    await office.until(id_, "done")
    assert await leads_of(system, "mapped.example") == 1
    row = await system.has.pool.fetchrow("select name, company from lead_list.leads where email = 'ann@mapped.example'")
    assert (row["name"], row["company"]) == (None, None)


async def test_only_what_is_possible_now_is_done(office: Office) -> None:
    made = await office.ask("POST", "", 201, json={"name": "x", "size": 5})
    id_ = made["id"]
    assert (await office.ask("POST", f"/{id_}/preview", 409))["type"].endswith("/no-file")
    for verb in ("start", "pause", "resume", "undo"):
        assert (await office.ask("POST", f"/{id_}/{verb}", 409))["detail"] == "The import is waiting."
    await office.ask("GET", "/nowhere", 404)
    await office.ask("POST", "", 422, json={"name": "x", "size": 600 * 1024 * 1024})
    for data in (b"\x00\x00", b"", b"Name,E-Mail\n"):
        if data:
            id_ = await office.uploaded(data)
            assert (await office.ask("POST", f"/{id_}/preview", 422))["type"].endswith("/unreadable-file")
    listed = await office.client.get("/v1/imports", headers=office.headers("rep"))
    assert listed.status_code == 403


async def test_a_worker_that_is_killed_makes_no_row_twice_and_loses_none(system: System, office: Office) -> None:
    id_ = await office.started(table(people(1_000, "killed.example")))
    for _ in range(3):
        await asyncio.sleep(0.7)
        await office.kill()
        await office.imports.pool.execute("update imports.imports set lease_until = now() where id = $1", id_)
        # A batch that was published and not remembered is published again.
        office.work()

    item = await office.until(id_, "done")

    assert (item["rows_read"], item["accepted"], item["duplicates"], item["errors"]) == (1_000, 1_000, 0, 0)
    assert await leads_of(system, "killed.example") == 1_000
    assert await system.has.pool.fetchval("select count(*) from identity.submissions where source_id = $1", id_) == 1_000


async def test_an_import_is_paused_and_goes_on(office: Office) -> None:
    id_ = await office.started(table(people(1_500, "paused.example")))
    while not (await office.ask("GET", f"/{id_}", 200))["rows_read"]:
        await asyncio.sleep(0.02)

    await office.ask("POST", f"/{id_}/pause", 202)
    await asyncio.sleep(1)
    stood = (await office.ask("GET", f"/{id_}", 200))["rows_read"]
    await asyncio.sleep(0.5)
    assert (await office.ask("GET", f"/{id_}", 200))["rows_read"] == stood < 1_500

    await office.ask("POST", f"/{id_}/resume", 202)
    assert (await office.until(id_, "done"))["accepted"] == 1_500


async def test_undo_removes_exactly_its_rows(system: System, office: Office) -> None:
    before = await system.lead_of(await system.submit("p0@undone.example"))
    rows = people(20, "undone.example")
    id_ = await office.started(table([*rows, rows[5]]))
    await office.until(id_, "done")
    touched = await system.lead_of(await system.submit("p1@undone.example"))
    changed = await system.has.pool.fetchval("select id from lead_list.leads where email = 'p2@undone.example'")
    answer = await office.client.post(f"/v1/leads/{changed}/notes", json={"text": "called"}, headers=office.headers())
    assert answer.status_code in (201, 202)

    await office.ask("POST", f"/{id_}/undo", 202)
    item = await office.until(id_, "undone")

    assert item["undone"] == {"erased": 17, "kept_existing": 1, "kept_changed": 2}
    assert await leads_of(system, "undone.example") == 3
    left = await system.has.pool.fetch("select id from lead_list.leads where email like '%@undone.example'")
    assert {row["id"] for row in left} == {before, touched, changed}
    assert (
        await system.has.pool.fetchval("select count(*) from crypto.erasures where lead = any($1::text[])", [before, touched])
        == 0
    )


async def test_undo_knows_rows_of_a_worker_that_died_before_it_could_remember_them(
    system: System, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(office.imports, "advance", die)
        id_ = await office.started(table(people(10, "unknown.example")))
        assert office.worker is not None
        await asyncio.wait([office.worker])
    await office.ask("POST", f"/{id_}/pause", 202)
    assert (await office.ask("GET", f"/{id_}", 200))["rows_read"] == 0
    await office.ask("POST", f"/{id_}/undo", 202)
    office.work()

    item = await office.until(id_, "undone")

    assert (item["rows_read"], item["undone"]) == (10, {"erased": 10, "kept_existing": 0, "kept_changed": 0})
    assert await leads_of(system, "unknown.example") == 0
    # A record of the dead one that arrives as late as this is known, and makes nobody a lead again.
    await office.imports.rows.publish(
        [Outbound(office.imports.rows.read({"email": "p0@unknown.example"})[0], "{}", row_id(office, id_, 1))],
        source_id=id_,
        actor="test",
        quiet=True,
    )
    assert await leads_of(system, "unknown.example") == 0


async def test_what_lands_while_an_import_is_undone_is_kept(
    system: System, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await office.started(table(people(3, "landing.example")))
    await office.until(id_, "done")
    erase = office.imports.rows.erase

    async def late(lead: str, **asked: Any) -> Asked:
        """Somebody sends the form after undo has looked, and before what it asks for is read."""
        if await system.has.pool.fetchval("select email from lead_list.leads where id = $1", lead) == "p1@landing.example":
            await system.lead_of(await system.submit("p1@landing.example"))
        return await erase(lead, **asked)

    monkeypatch.setattr(office.imports.rows, "erase", late)
    await office.ask("POST", f"/{id_}/undo", 202)
    item = await office.until(id_, "undone")

    assert item["undone"] == {"erased": 2, "kept_existing": 0, "kept_changed": 1}
    left = await system.has.pool.fetch("select email from lead_list.leads where email like '%@landing.example'")
    assert [row["email"] for row in left] == ["p1@landing.example"]


async def test_a_file_that_nobody_starts_is_deleted(office: Office) -> None:
    id_ = await office.uploaded(table(people(1, "late.example")))
    assert await expire(office.imports) == 0
    await office.imports.pool.execute("update imports.imports set updated_at = now() - interval '8 days' where id = $1", id_)

    assert await expire(office.imports) == 1
    assert await office.imports.files.store.keys(f"imports/{id_}/") == []
    assert (await office.ask("GET", f"/{id_}", 200))["state"] == "expired"


async def test_what_comes_to_the_address_after_the_end_is_deleted_when_it_is_good_no_more(office: Office) -> None:
    id_ = await office.started(table(people(1, "after.example")))
    await office.until(id_, "done")
    await office.imports.files.store.put(f"imports/{id_}/upload", b"late", bytes_max=10)
    await office.imports.pool.execute("update imports.imports set created_at = now() - interval '3 hours' where id = $1", id_)

    assert await expire(office.imports) == 1
    assert await expire(office.imports) == 0
    assert await office.imports.files.store.keys(f"imports/{id_}/") == []
    assert (await office.ask("GET", f"/{id_}", 200))["state"] == "done"


async def test_readiness_names_s3(office: Office) -> None:
    checks = {check["name"]: check["ready"] for check in (await office.client.get("/readyz")).json()["checks"]}
    assert checks["s3"] is True


async def test_a_bug_ends_its_import_and_not_the_worker(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = await office.uploaded(table(people(1, "bug.example")))
    await office.ask("POST", f"/{id_}/preview", 200)
    with monkeypatch.context() as broken:
        broken.setattr("producers.imports.sending._translated", None)
        await office.ask("POST", f"/{id_}/start", 202)
        failed = await office.until(id_, "failed")
    assert failed["problem"] == "This is our fault; it was logged."
    assert office.worker is not None
    assert not office.worker.done()
    await office.ask("POST", f"/{id_}/undo", 202)
    assert (await office.until(id_, "undone"))["undone"] == {"erased": 0, "kept_existing": 0, "kept_changed": 0}
