"""Several statements in one round trip."""

import asyncpg
import pytest

from infra.postgres.together import together


def test_parameters_are_numbered_on() -> None:
    sql, arguments = together([("delete from a where x = $1 or y = $2", (1, 2)), ("insert into b values ($1)", (3,))])
    assert sql == "with together_0 as (delete from a where x = $1 or y = $2) insert into b values ($3)"
    assert arguments == [1, 2, 3]


def test_ten_and_more_are_told_from_one() -> None:
    first = ("select " + ", ".join(f"${n}" for n in range(1, 12)), tuple(range(11)))
    sql, _ = together([first, ("select $1, $11", tuple(range(11)))])
    assert sql.endswith(") select $12, $22")


def test_one_alone_stays_as_it_is() -> None:
    assert together([("select $1", (1,))]) == ("select $1", [1])


@pytest.mark.integration
@pytest.mark.asyncio
async def test_all_are_done_and_the_last_one_answers(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("create temporary table a (x int); create temporary table b (id serial, y text)")
    one = ("insert into a select * from unnest($1::int[])", ([1, 2],))
    two = ("insert into b (y) select * from unnest($1::text[]) returning id", (["p", "q", "r"],))
    sql, arguments = together([one, two])
    assert [row["id"] for row in await connection.fetch(sql, *arguments)] == [1, 2, 3]
    assert await connection.fetchval("select sum(x) from a") == 3
    await connection.close()
