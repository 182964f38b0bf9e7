import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from infra.postgres import database as databases
from infra.postgres import migrate
from tests.infra.postgres.test_database import renamed

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FILE = """
from alembic import op
from infra.postgres import runtime_tables

revision = "{name}_0001"
down_revision = None
branch_labels = ("{name}",)
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "{name}")


def downgrade() -> None:
    runtime_tables.drop(op, "{name}")
"""


@pytest_asyncio.fixture
async def empty(database: str) -> AsyncIterator[str]:
    url = renamed(database, f"migrate_test_{os.getpid()}")
    await databases.drop(url)
    await databases.ensure(url)
    yield url
    await databases.drop(url)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with two consumers and one projection, in a folder whose name needs escaping."""
    root = tmp_path / "50% of a tree"
    for package, name in (("consumers", "scoring"), ("consumers", "routing"), ("projections", "history")):
        add(root, package, name)
    return root


def add(root: Path, package: str, name: str) -> None:
    folder = root / package / name / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text(FILE.format(name=name))


def fill_in(path: Path, up: str, down: str) -> None:
    before, between, after = path.read_text().split('op.execute("")')
    path.write_text(f'{before}op.execute("{up}"){between}op.execute("{down}"){after}')


async def schemas(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public|migrations)'"
        )
        return {row["nspname"] for row in rows}
    finally:
        await connection.close()


async def test_every_folder_is_found_and_gets_its_schema(empty: str, tree: Path) -> None:
    assert set(await migrate.upgrade(empty, tree)) == {"routing_0001", "scoring_0001", "history_0001"}
    assert await schemas(empty) == {"scoring", "routing", "history"}
    assert await migrate.upgrade(empty, tree) == []


async def test_up_down_up_leaves_nothing_behind(empty: str, tree: Path) -> None:
    applied = await migrate.upgrade(empty, tree)
    undone = [(await migrate.rollback(empty, tree))[0] for _ in applied]
    assert undone == applied[::-1]
    assert await schemas(empty) == set()
    assert await migrate.rollback(empty, tree) == []
    assert await migrate.upgrade(empty, tree) == applied


async def test_two_upgrades_at_once_apply_each_revision_once(empty: str, tree: Path) -> None:
    applied = await asyncio.gather(*(migrate.upgrade(empty, tree) for _ in range(3)))
    assert sorted(map(len, applied)) == [0, 0, 3]


async def test_a_deleted_folder_touches_no_list_and_may_come_back(empty: str, tree: Path) -> None:
    await migrate.upgrade(empty, tree)
    kept = tree / "consumers" / "scoring"
    shutil.move(kept, tree / "aside")
    add(tree, "consumers", "communication")
    assert await migrate.upgrade(empty, tree) == ["communication_0001"]
    shutil.move(tree / "aside", kept)
    assert await migrate.upgrade(empty, tree) == []
    assert "scoring" in await schemas(empty)


async def test_rollback_passes_over_what_has_no_file(empty: str, tree: Path) -> None:
    *_, before, last = await migrate.upgrade(empty, tree)
    shutil.rmtree(migrate.folders(tree)[last.removesuffix("_0001")])
    assert await migrate.rollback(empty, tree) == [before]


async def test_a_new_migration_is_made_from_its_folder_and_applied_after_the_last(empty: str, tree: Path) -> None:
    await migrate.upgrade(empty, tree)
    second = migrate.make("scoring", "Add a table, please", tree)
    assert second == tree / "consumers" / "scoring" / "migrations" / "0002_add_a_table_please.py"
    (tree / "producers" / "forms").mkdir(parents=True)
    first = migrate.make("forms", "Initial", tree)
    assert first == tree / "producers" / "forms" / "migrations" / "0001_initial.py"
    for path, up, down in (
        (second, "create table scoring.more (x int)", "drop table scoring.more"),
        (first, "select 1", "select 1"),
    ):
        text = path.read_text()
        path.write_text(
            text.replace('op.execute("")', f'op.execute("{up}")', 1).replace('op.execute("")', f'op.execute("{down}")')
        )
    assert sorted(await migrate.upgrade(empty, tree)) == ["forms_0001", "scoring_0002"]
    undone = [await migrate.rollback(empty, tree), await migrate.rollback(empty, tree)]
    assert sorted(undone) == [["forms_0001"], ["scoring_0002"]]
    assert await migrate.upgrade(empty, tree) == undone[1] + undone[0]


async def test_a_failing_migration_leaves_those_before_it_and_nothing_of_itself(empty: str, tree: Path) -> None:
    await migrate.upgrade(empty, tree)
    add(tree, "projections", "reports")
    broken = tree / "projections" / "reports" / "migrations" / "0001_initial.py"
    good = broken.read_text()
    broken.write_text(good.replace("\n\n\ndef downgrade", '\n    op.execute("no such statement")\n\n\ndef downgrade'))
    with pytest.raises(Exception, match="syntax error"):
        await migrate.upgrade(empty, tree)
    assert await schemas(empty) == {"scoring", "routing", "history"}
    broken.write_text(good)
    assert await migrate.upgrade(empty, tree) == ["reports_0001"]


async def test_two_folders_of_one_name_are_refused(empty: str, tree: Path) -> None:
    add(tree, "projections", "scoring")
    with pytest.raises(migrate.UnknownFolder, match="share the PostgreSQL schema scoring"):
        await migrate.upgrade(empty, tree)


async def test_a_migration_for_a_folder_that_is_not_there_is_refused(tree: Path) -> None:
    with pytest.raises(migrate.UnknownFolder, match="'weather' is not one folder"):
        migrate.make("weather", "Initial", tree)


async def test_our_own_migrations_go_up_down_and_up(empty: str) -> None:
    applied = await migrate.upgrade(empty)
    assert {"crypto_0001", "effects_0001", "dead_letters_0001"} <= set(applied)
    for _ in applied:
        await migrate.rollback(empty)
    assert await schemas(empty) == set()
    assert await migrate.upgrade(empty) == applied
