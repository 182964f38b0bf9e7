"""Commands that need no running consumer: topics, documents, the schema; and what is said when something is wrong."""

import json
import socket
import uuid
from pathlib import Path

import asyncpg
import pytest

from infra.local.addresses import Addresses
from infra.postgres import database as databases
from infra.settings import Settings, environment_of
from schemas import topics as catalogue
from tests.infra.cli.invoking import done, failed, leadflow
from tests.needing import needs

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def with_variables(settings: Settings, **variables: str) -> dict[str, str]:
    return {**environment_of(settings), **{f"LEADFLOW_{name}": value for name, value in variables.items()}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_catalogue_is_listed_without_any_server() -> None:
    listed = done(await leadflow({"LEADFLOW_KAFKA__PARTITIONS": "24"}, "topics", "list"))
    lines = {line.split()[0]: line for line in listed.splitlines()[1:]}
    assert set(lines) == set(catalogue.CATALOGUE)
    assert lines["leads.events"].split()[-3:] == ["for", "ever", "24"]
    assert lines["leads.routing"].split()[-1] == "1"
    assert "7 days" in lines["leads.submissions"]


async def test_topics_are_made_once(settings: Settings) -> None:
    own = with_variables(settings, KAFKA__PREFIX=f"{settings.kafka.prefix}own.")
    assert done(await leadflow(own, "topics", "apply")).split(": ")[1].strip().split(", ") == list(catalogue.CATALOGUE)
    assert done(await leadflow(own, "topics", "apply")).strip() == "all topics are there"


async def test_the_schema_is_made_with_its_database_then_up_to_date_then_undone(servers: Addresses, settings: Settings) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    head, _, query = settings.postgres.url.partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    own = with_variables(settings, POSTGRES__URL=url)
    try:
        applied = done(await leadflow(own, "migrate"))
        assert "leads_0001" in applied
        assert done(await leadflow(own, "migrate")).strip() == "the database is up to date"
        last = applied.strip().split(", ")[-1]
        assert done(await leadflow(own, "rollback")).strip() == f"undone: {last}"
        assert done(await leadflow(own, "migrate")).strip() == f"applied: {last}"
    finally:
        await databases.drop(servers.postgres_url, name)


async def test_a_migration_of_nobody_is_refused(settings: Settings) -> None:
    assert "'nonsense' is not one folder of" in failed(await leadflow(settings, "migration", "nonsense", "x"), 2)


@needs("scoring", "routing")
async def test_kinds_of_documents_are_listed_with_what_they_are() -> None:
    listed = done(await leadflow({}, "documents", "kinds"))
    kinds = {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1] for line in listed.splitlines()}
    assert {"scoring_rules", "team", "person"} <= set(kinds)
    assert all(text.strip() for text in kinds.values())


@needs("routing")
async def test_a_document_is_published_and_its_versions_counted(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "team.json"
    file.write_text(json.dumps({"members": [{"person": "ann"}]}))
    said = done(await leadflow(settings, "documents", "publish", "team", str(file), "--name", "north"))
    assert said.startswith("team/north is at version 1;")
    assert "at version 1" in done(await leadflow(settings, "documents", "publish", "team", str(file), "--name", "north"))
    file.write_text(json.dumps({"members": [{"person": "bob"}]}))
    assert "at version 2" in done(await leadflow(settings, "documents", "publish", "team", str(file), "--name", "north"))
    connection = await asyncpg.connect(settings.postgres.url)
    rows = await connection.fetch("select version, actor, pending from documents.versions where name = 'north' order by version")
    await connection.close()
    assert [tuple(row) for row in rows] == [(1, "cli", [0, 1, 2, 3, 4, 5]), (2, "cli", [0, 1, 2, 3, 4, 5])]


@needs("routing")
async def test_a_bad_document_names_the_file_and_the_field_and_publishes_nothing(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"members": [{"person": "ann"}, {"person": "bob", "weight": "heavy"}]}))
    sentence = failed(await leadflow(settings, "documents", "publish", "team", str(file), "--name", "south"), 2)
    assert "bad.json" in sentence
    assert "members.1.weight: " in sentence
    connection = await asyncpg.connect(settings.postgres.url)
    assert await connection.fetchval("select count(*) from documents.versions where name = 'south'") == 0
    await connection.close()


@needs("routing")
async def test_a_file_that_is_no_json_and_a_kind_that_is_none_are_told(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text("{")
    assert "is not JSON" in failed(await leadflow(settings, "documents", "publish", "team", str(file)), 2)
    assert "there is no kind 'teams'" in failed(await leadflow(settings, "documents", "publish", "teams", str(file)), 2)


@pytest.mark.parametrize("command", [("topics", "apply"), ("migrate",), ("dlq", "list"), ("consume",), ("gateway",), ("work",)])
async def test_an_unknown_setting_is_named_by_every_command(settings: Settings, command: tuple[str, ...]) -> None:
    wrong = with_variables(settings, KAFKA__BOOTSTRAPS="x")
    assert failed(await leadflow(wrong, *command), 2) == "LEADFLOW_KAFKA__BOOTSTRAPS: there is no such setting"


async def test_without_postgresql_one_sentence_says_so(settings: Settings) -> None:
    away = with_variables(settings, POSTGRES__URL=f"postgresql://leadflow@127.0.0.1:{free_port()}/x")
    for command in (("partitions", "show"), ("dlq", "list"), ("rebuild", "lead_list"), ("migrate",), ("rollback",)):
        assert "can't be reached" in failed(await leadflow(away, *command), 1), command


async def test_without_kafka_one_sentence_says_so(settings: Settings) -> None:
    away = with_variables(settings, KAFKA__BOOTSTRAP=f"127.0.0.1:{free_port()}", KAFKA__PUBLISH_TIMEOUT_SECONDS="2")
    for command in (("topics", "apply"), ("replay",)):
        assert "Kafka" in failed(await leadflow(away, *command), 1), command
    assert "Kafka" in failed(await leadflow(away, "lead", "erase", str(uuid.uuid4())), 1)


async def test_without_tables_one_sentence_says_what_to_run(servers: Addresses, settings: Settings) -> None:
    bare = with_variables(settings, POSTGRES__URL=servers.postgres_url)
    assert "run `leadflow migrate`" in failed(await leadflow(bare, "partitions", "show"), 1)


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "!"])
async def test_without_a_usable_master_key_one_sentence_names_the_variable(settings: Settings, key: str) -> None:
    wrong = with_variables(settings, CRYPTO__MASTER_KEY=key)
    for command in (("dlq", "list"), ("partitions", "show")):
        assert "LEADFLOW_CRYPTO__MASTER_KEY" in failed(await leadflow(wrong, *command), 1)


async def test_a_consumer_and_a_read_model_that_are_none_are_told_with_those_there_are(settings: Settings) -> None:
    sentence = failed(await leadflow(settings, "rebuild", "nonsense"), 2)
    assert "there is no read model 'nonsense'" in sentence
    assert "lead_list" in sentence


async def test_help_names_every_group() -> None:
    shown = done(await leadflow({}, "--help"))
    for name in ("up", "gateway", "consume", "project", "work", "topics", "documents", "dlq", "partitions", "replay", "rebuild"):
        assert name in shown
