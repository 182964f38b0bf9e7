"""Any request that the API's description allows, signed in and not, is answered as the description says, never with a bug, and to a
rep never with anything of a lead of others.

LEADFLOW_API_CASES sets how many are made up (1,000); `make test-long` makes 20,000.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from infra.gateway.server import make_server
from infra.kafka.publisher import Position
from infra.opensearch.client import open_client
from infra.opensearch.index import ensure
from infra.settings import Settings
from projections.lead_search.model import index
from schemas.person import Note
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.running import Running, running
from tests.projections.builders import ADA, CAT, ada, assigned, captured, noted
from tests.projections.served import Served, served

pytestmark = pytest.mark.integration

CASES = int(os.environ.get("LEADFLOW_API_CASES", "1000"))
CASES_LONG = 20_000
ENDLESS = {"/v1/stream"}
"""Answers that have no end."""
ELSEWHERE = {"/readyz"}
"""Says 503 as long as something is not ready, and here Kafka never is."""
CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)
LEAD = "019a0000-0000-8000-8000-0000000000ff"
ADMIN, REP, NOBODY = "an admin", "a rep", "nobody"
OTHERS = CAT
"""A lead of somebody else than the rep, and what can't come out of chance if it comes out at all."""
SECRETS = ("Zaphod Nobodysbusiness", "nobodysbusiness@hidden.example", "hash-of-hidden")


@dataclass(frozen=True)
class Api:
    url: str
    document: dict[str, Any]
    headers: dict[str, Callable[[], dict[str, str]]]
    """By who asks; made anew for each operation, since a token is over sooner than all of this."""


async def decide(made: Running, message: BaseModel, position: Position) -> None:
    """As the consumers would, at once."""
    if isinstance(message, SubmissionReceived):
        await made.filed(message.submission_id, "processed", LEAD)
        await made.outcome(message.submission_id, LEAD, position=position.offset)
        return
    command_id = getattr(message, "command_id", None)
    if command_id is not None:
        await made.outcome(command_id, str(message.lead), position=position.offset)  # type: ignore[attr-defined]


async def plant(stores: Served, made: Running) -> None:
    """A lead of the rep's, and one of dan's, in every read model."""
    log = await stores.log()
    log.add(captured(ADA), ada())
    log.add(assigned(ADA, "eve", version=2))
    log.add(captured(OTHERS, version=3), ada(name=SECRETS[0], email=SECRETS[1]))
    log.add(assigned(OTHERS, "dan", version=4))
    log.add(noted(OTHERS, version=5), Note(text=SECRETS[2]))
    await stores.put(log)
    made.owners.update({ADA: "eve", OTHERS: "dan"})


@contextmanager
def serving(settings: Settings) -> Iterator[Api]:
    """A gateway that listens, in a thread of its own."""
    ready, stop, found = threading.Event(), threading.Event(), {}

    async def serve() -> None:
        async with (
            open_client(settings.opensearch.url) as opensearch,
            running(settings, opensearch=opensearch) as made,
            served(settings, []) as stores,
        ):
            await plant(stores, made)
            await ensure(opensearch, index(settings.opensearch.prefix))
            made.publisher.decide = decide
            server = make_server(made.gateway, "127.0.0.1", 0, made.gateway.direct)
            server.config.lifespan = "off"
            task = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            asking = {ADMIN: lambda: made.token("admin"), REP: lambda: made.token("rep", "eve"), NOBODY: dict}
            found["api"] = Api(f"http://127.0.0.1:{port}", made.gateway.api.openapi(), asking)
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)
            server.should_exit = True
            await task

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(60), "the gateway did not start"
    try:
        yield found["api"]
    finally:
        stop.set()
        thread.join(30)


def about_others(case: Any) -> None:
    """What a rep asks of a lead is asked of one of others; anything else is whatever it is."""
    for name in {"lead", "id"} & set(case.path_parameters or {}):
        case.path_parameters[name] = OTHERS


def ask(api: Api, cases: int) -> list[str]:
    """So many requests, spread evenly over operations and over who asks; what was answered wrongly."""
    schema = schemathesis.openapi.from_dict(api.document)
    operations = [found.ok() for found in schema.get_all_operations()]
    wanted = [operation for operation in operations if operation.path not in ENDLESS | ELSEWHERE]
    each = max(1, cases // (len(api.headers) * len(wanted)))
    session, wrong = requests.Session(), []
    for operation in wanted:
        for who in api.headers:
            try:
                _ask(api, operation, session, who, each)
            except (AssertionError, BaseExceptionGroup, schemathesis.errors.SchemathesisError) as failed:
                wrong.append(f"{operation.label} as {who}: {failed}")
    return wrong


def _ask(api: Api, operation: Any, session: requests.Session, who: str, count: int) -> None:
    headers = api.headers[who]()
    me = requests.get(f"{api.url}/v1/auth/me", headers=headers, timeout=20)
    assert (me.status_code == 200) == (who != NOBODY), "it is asked as who it says"

    @hypothesis_settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        session.cookies.clear()
        if who == REP:
            about_others(case)
        response = case.call(base_url=api.url, headers=headers, session=session, timeout=20)
        case.validate_response(response, checks=CHECKS)
        if who != ADMIN:
            told = [secret for secret in SECRETS if secret in response.text]
            assert not told, f"{response.request.method} {response.request.url} tells {told}"

    one()


def test_any_request_is_answered_as_the_description_says(settings: Settings) -> None:
    with serving(settings) as api:
        seen = requests.get(f"{api.url}/v1/leads/{OTHERS}/timeline", headers=api.headers[ADMIN](), timeout=20).text
        assert {SECRETS[2]} <= {secret for secret in SECRETS if secret in seen}, "it is there to be told"
        wrong = ask(api, CASES)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.long
def test_twenty_thousand_requests_are_answered_as_the_description_says(settings: Settings) -> None:
    with serving(settings) as api:
        wrong = ask(api, CASES_LONG)
    assert not wrong, "\n\n".join(wrong)
