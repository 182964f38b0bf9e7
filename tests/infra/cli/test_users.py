import pytest

from infra.auth import users
from infra.auth.passwords import Passwords
from infra.postgres.pool import open_pool
from infra.settings import Settings
from tests.infra.cli.invoking import done, failed, leadflow

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_somebody_is_let_in_from_the_command_line(settings: Settings) -> None:
    said = done(await leadflow(settings, "users", "add", "Ops@x.example"))
    password = said.strip().rpartition(": ")[2]
    pool, passwords = await open_pool(settings.postgres.url, name="test", size=1), Passwords()
    account = await users.by_email(pool, "ops@x.example")
    assert account is not None
    assert (account.user.role, account.user.name) == ("admin", "Ops")
    assert await passwords.check(account.password_hash, password)
    passwords.close()
    await pool.close()
    assert "is a user" in failed(await leadflow(settings, "users", "add", "ops@x.example"), 2)


async def test_what_makes_no_user_is_said(settings: Settings) -> None:
    assert "no role 'integration'" in failed(await leadflow(settings, "users", "add", "a@x.example", "--role", "integration"), 2)
    assert "isn't an e-mail address" in failed(await leadflow(settings, "users", "add", "nonsense"), 2)
