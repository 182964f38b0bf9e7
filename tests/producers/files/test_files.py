"""Files of a lead: uploaded past us, sealed, given back to those who may, gone with the lead."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from infra.settings import Settings
from infra.storage.sealing import SealedFiles
from infra.wiring import gateway as wiring
from infra.wiring import host
from infra.wiring.files import open_files
from producers.files.store import SIZE_MAX, forget
from producers.files.translate import disposition
from tests.producers.imports.office import Office

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
CONTENT = b"Curriculum of Ada Lovelace. " * 10_000


@pytest_asyncio.fixture
async def office(settings: Settings) -> AsyncIterator[Office]:
    async with host.base(settings, "test") as has:
        files = open_files(settings)
        assert files is not None
        await files.make_bucket()
        services = wiring.services_of(has, None, files)
        transport = httpx2.ASGITransport(app=wiring.build(services), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield Office(services, client)
        await files.close()


async def made(office: Office) -> str:
    """A lead that has a key."""
    lead = str(uuid4())
    async with office.services.pool.acquire() as connection, connection.transaction():
        await office.services.keyring.create_lead_keys(connection, [lead])
    return lead


async def ask(office: Office, method: str, path: str, role: Any = "manager", **request: Any) -> httpx2.Response:
    return await office.client.request(method, f"/v1/leads/{path}", headers=office.headers(role), **request)


async def uploaded(office: Office, lead: str, name: str = "Lebenslauf Müßig.pdf") -> str:
    new = {"name": name, "content_type": "application/pdf", "size": len(CONTENT)}
    answer = await ask(office, "POST", f"{lead}/files", json=new)
    assert answer.status_code == 201, answer.text
    async with httpx2.AsyncClient() as outside:
        assert (await outside.put(answer.json()["upload_url"], content=CONTENT)).status_code == 200
    return str(answer.json()["id"])


async def everything(sealed: SealedFiles, lead: str) -> bytes:
    keys = await sealed.store.keys(f"leads/{lead}/")
    return b"".join([piece for key in keys async for piece in sealed.store.get(key)])


async def test_a_file_is_sealed_listed_given_back_and_deleted(office: Office) -> None:
    lead = await made(office)
    file_id = await uploaded(office, lead)
    assert (await ask(office, "GET", f"{lead}/files")).json() == {"items": []}

    for _ in range(2):
        assert (await ask(office, "POST", f"{lead}/files/{file_id}/complete")).status_code == 200

    [item] = (await ask(office, "GET", f"{lead}/files")).json()["items"]
    assert (item["id"], item["name"], item["size"]) == (file_id, "Lebenslauf Müßig.pdf", len(CONTENT))
    sealed = office.imports.files
    assert await sealed.store.keys(f"leads/{lead}/") == [f"leads/{lead}/files/{file_id}"]
    assert b"Lovelace" not in await everything(sealed, lead)
    described = await office.services.pool.fetchval("select described from files.files where id = $1", file_id)
    assert "Müßig".encode() not in described
    answer = await ask(office, "GET", f"{lead}/files/{file_id}")
    assert answer.content == CONTENT
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert (await ask(office, "GET", f"{await made(office)}/files/{file_id}")).status_code == 404
    assert (await ask(office, "DELETE", f"{lead}/files/{file_id}")).status_code == 204
    assert await sealed.store.keys(f"leads/{lead}/") == []
    assert (await ask(office, "GET", f"{lead}/files/{file_id}")).status_code == 404


async def test_a_file_of_another_size_than_was_announced_is_not_taken(office: Office) -> None:
    lead = await made(office)
    new = {"name": "small", "content_type": "text/plain", "size": 5}
    announced = (await ask(office, "POST", f"{lead}/files", json=new)).json()
    complete = f"{lead}/files/{announced['id']}/complete"
    async with httpx2.AsyncClient() as outside:
        await outside.put(announced["upload_url"], content=b"x" * 500)
    assert (await ask(office, "POST", complete)).status_code in (409, 422), "S3 may refuse it itself"
    upload = f"leads/{lead}/uploads/{announced['id']}"
    await office.imports.files.store.put(upload, b"x" * 500, bytes_max=1_000)
    refused = await ask(office, "POST", complete)
    assert (refused.status_code, refused.json()["errors"]) == (422, [{"field": "size", "message": "is 5, the file has 500"}])
    assert (await ask(office, "GET", f"{lead}/files")).json() == {"items": []}
    await office.imports.files.store.put(upload, b"12345", bytes_max=1_000)
    assert (await ask(office, "POST", complete)).status_code == 200


async def test_files_end_with_their_lead(office: Office) -> None:
    lead, other = await made(office), await made(office)
    file_id, kept = await uploaded(office, lead), await uploaded(office, other)
    await uploaded(office, lead, "not completed")
    for whose, which in ((lead, file_id), (other, kept)):
        await ask(office, "POST", f"{whose}/files/{which}/complete")
    services = office.services
    async with services.pool.acquire() as connection, connection.transaction():
        await services.keyring.destroy(connection, lead, actor="test", reason="asked")

    assert (await ask(office, "GET", f"{lead}/files")).status_code == 410
    assert await forget(services.pool, office.imports.files) == 1

    assert await office.imports.files.store.keys(f"leads/{lead}/") == []
    assert (await ask(office, "GET", f"{other}/files/{kept}")).content == CONTENT


async def test_an_upload_that_is_never_completed_is_deleted(office: Office) -> None:
    lead = await made(office)
    file_id = await uploaded(office, lead)
    await office.services.pool.execute("update files.files set created_at = now() - interval '3 hours' where id = $1", file_id)

    assert await forget(office.services.pool, office.imports.files) == 1
    assert await office.imports.files.store.keys(f"leads/{lead}/") == []


async def test_what_can_not_be_taken_is_refused(office: Office) -> None:
    lead = await made(office)
    for wrong in ({"size": SIZE_MAX + 1}, {"size": 0}, {"content_type": "text/html\r\nx: y"}, {"name": ""}):
        new = {"name": "x", "content_type": "text/plain", "size": 1, **wrong}
        assert (await ask(office, "POST", f"{lead}/files", json=new)).status_code == 422
    announced = (await ask(office, "POST", f"{lead}/files", json={"name": "x", "size": 1})).json()
    assert (await ask(office, "POST", f"{lead}/files/{announced['id']}/complete")).status_code == 409
    assert (await ask(office, "GET", f"{uuid4()}/files")).status_code == 404
    assert (await ask(office, "GET", "nobody/files")).status_code == 404
    assert (await ask(office, "POST", f"{lead}/files", "analyst", json={"name": "x", "size": 1})).status_code == 403


async def test_a_name_can_not_break_out_of_its_header() -> None:
    assert disposition('a"b\r\nX: y/ü.pdf') == "attachment; filename=\"a_b__X_ y__.pdf\"; filename*=UTF-8''a_b__X_%20y_%C3%BC.pdf"
