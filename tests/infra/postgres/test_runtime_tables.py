import pytest

from infra.postgres import runtime_tables


class Statements:
    def __init__(self) -> None:
        self.said: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.said.append(sqltext)


def test_all_tables_are_made_in_the_schema_that_was_named() -> None:
    op = Statements()
    runtime_tables.create(op, "routing_pools")
    assert op.said[0] == "create schema if not exists routing_pools"
    for table in ("watermarks", "states", "timers", "outbox", "documents", "outcomes"):
        assert any(f"create table routing_pools.{table} (" in statement for statement in op.said)
    assert any("default '{}'" in statement for statement in op.said)


def test_dropping_takes_the_whole_schema() -> None:
    op = Statements()
    runtime_tables.drop(op, "routing")
    assert op.said == ["drop schema if exists routing cascade"]


@pytest.mark.parametrize("name", ["routing.pools", "Routing", "", "a; drop schema crypto", "1st"])
def test_a_name_that_would_need_quoting_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't name a PostgreSQL schema"):
        runtime_tables.create(Statements(), name)
