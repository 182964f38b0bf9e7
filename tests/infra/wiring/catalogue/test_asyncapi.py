"""/asyncapi and /asyncapi.json."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx2
import jsonschema
import pytest
from fastapi import FastAPI
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from infra.wiring import discovery
from infra.wiring.catalogue import html, router
from infra.wiring.catalogue.asyncapi import document
from schemas.publishing import messages
from schemas.topics import CATALOGUE
from tests.infra.gateway import offline

VOID = {"meta", "rect", "line", "path", "br", "link"}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def found(whole: dict[str, Any], reference: str) -> Any:
    part: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


class Elements(HTMLParser):
    """Elements that are open, ids, and what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.loaded += [str(known[name]) for name in ("src", "data") if name in known]
        if tag in ("script", "link", "iframe"):
            self.loaded.append(tag)
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return None

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_it_is_asyncapi_3() -> None:
    described = json.loads(json.dumps(document()))
    described["servers"]["kafka"]["pathname"] = ""  # asked for by this model alone, not by the specification
    ApplicationSchema.model_validate(described)


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    for reference in set(references(whole)):
        assert found(whole, reference) is not None


def test_every_topic_is_a_channel_with_its_types() -> None:
    channels = document("staging.", 24)["channels"]
    assert list(channels) == list(CATALOGUE)
    for name, channel in channels.items():
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == kafka["topic"] == f"staging.{name}"
        assert kafka["partitions"] == CATALOGUE[name].partitions(24)
    assert sorted(type_ for channel in channels.values() for type_ in channel["messages"]) == sorted(messages())


def test_a_log_that_is_kept_for_ever_has_no_retention() -> None:
    channels = document()["channels"]
    assert channels["leads.events"]["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1
    assert "Not in use yet" not in channels["leads.activities"]["description"]


def test_every_consumer_receives_and_every_writer_sends() -> None:
    operations = document("staging.")["operations"]
    for name in [*discovery.consumer_names(), *discovery.projection_makers()]:
        reads = operations[f"{name}.reads"]
        assert reads["action"] == "receive"
        assert reads["bindings"]["kafka"]["groupId"]["const"] == f"staging.{name}"
    assert operations["forms.writes.leads.submissions"]["action"] == "send"


@pytest.mark.parametrize("type_", messages())
def test_a_messages_example_fits_its_payload_and_headers(type_: str) -> None:
    whole = document()
    message = whole["components"]["messages"][type_]
    for example in message["examples"]:
        for part in ("payload", "headers"):
            schema = {**whole, **found(whole, message[part]["$ref"])}
            jsonschema.validate(example[part], schema, cls=jsonschema.Draft7Validator)
        assert example["headers"].keys() <= found(whole, message["headers"]["$ref"])["properties"].keys()


def test_fields_are_told_by_their_full_path_with_types_in_words() -> None:
    whole = document()
    told = {
        path: (type_, needed)
        for path, type_, needed, _ in html.fields(whole, {"$ref": "#/components/schemas/LeadCaptured"}, "", 6)
    }
    assert told["lead"] == ("string", True)
    assert told["consent"] == ("boolean or null", False)
    assert told["submitted_at"] == ("string (date-time) or null", False)
    assert told["traits.filled"] == ("list of string", False)
    assert told["campaign"] == ("object of string", False)
    scored = {path for path, *_ in html.fields(whole, {"$ref": "#/components/schemas/LeadScored"}, "", 6)}
    assert "receipt[].points" in scored


def test_the_page_shows_every_topic_and_type_and_loads_nothing() -> None:
    elements = Elements()
    elements.feed(html.page(document()))
    assert elements.open == []
    assert elements.loaded == []
    assert {*CATALOGUE, *messages()} <= set(elements.ids)


@pytest.mark.asyncio
async def test_both_are_served() -> None:
    app = FastAPI()
    app.state.services = offline.services()
    app.include_router(router)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        page, described = await client.get("/asyncapi"), await client.get("/asyncapi.json")
    assert page.status_code == described.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    prefix = offline.services().settings.kafka.prefix
    assert described.json()["channels"]["leads.events"]["address"] == f"{prefix}leads.events"
