import asyncio
import dataclasses
import threading

import pytest
from argon2 import PasswordHasher

from infra.auth.guesses import Guesses
from infra.auth.passwords import CHARACTERS_MAX, Passwords, TooBusy
from infra.auth.roles import PERMISSIONS, ROLES, Permission, User
from infra.auth.users import NO_PASSWORD
from infra.gateway.services import Services
from infra.settings import Auth
from tests.infra.gateway import offline
from tests.infra.gateway.fakes import settings

pytestmark = pytest.mark.asyncio
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


async def test_a_password_matches_its_own_hash_alone() -> None:
    passwords = Passwords(CHEAP)
    known = await passwords.hash("secret")
    assert known.startswith("$argon2id$")
    assert await passwords.check(known, "secret")
    assert not await passwords.check(known, "Secret")
    assert not await passwords.check(None, "secret")
    assert not await passwords.check("no hash", "secret")
    assert not await passwords.check(known, "x" * (CHARACTERS_MAX + 1))
    passwords.close()


async def test_who_has_no_password_yet_is_told_from_nobody_by_no_clock() -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
            done = super().verify(hash, password)
            self.verified += 1
            return done  # type: ignore[return-value]

    hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
    passwords = Passwords(hasher)
    passwords._nobody = hasher.hash("guess")
    assert not await passwords.check(NO_PASSWORD, "guess")
    assert not await passwords.check(None, "guess")
    assert hasher.verified == 2


class Slow(PasswordHasher):
    """Takes until it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.go = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        self.go.wait(5)
        return super().verify(hash, password)  # type: ignore[return-value]


async def test_more_than_may_wait_are_turned_away_and_the_loop_goes_on() -> None:
    hasher = Slow()
    passwords = Passwords(hasher, threads=1, waiting_max=1)
    known = hasher.hash("x")
    first = [asyncio.create_task(passwords.check(known, "x")) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(TooBusy):
        await passwords.check(known, "x")
    hasher.go.set()
    assert await asyncio.gather(*first) == [True, True]


async def test_a_burst_of_logins_is_told_to_come_back() -> None:
    class Full(Passwords):
        async def check(self, known: str | None, password: str) -> bool:
            raise TooBusy

    class Users(offline.NoStore):
        async def fetchrow(self, *_: object) -> None:
            return None

    class AnyGuess(Guesses):
        async def begin(self, email: str, address: str) -> int:
            return 0

    nobody = AnyGuess(offline.NoStore(), "", str)  # type: ignore[arg-type]
    given = dataclasses.replace(offline.services(passwords=Full(CHEAP), pool=Users()), guesses=nobody)
    async with offline.client(offline.app(given)) as client:
        answer = await client.post("/v1/auth/login", json={"email": "a@b.example", "password": "x"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


async def test_an_admin_may_everything_and_roles_grow_by_permission() -> None:
    assert PERMISSIONS["admin"] == frozenset(Permission)
    assert PERMISSIONS["rep"] < PERMISSIONS["manager"] < PERMISSIONS["admin"]
    assert not PERMISSIONS["analyst"] & {Permission.LEADS_WRITE, Permission.LEADS_ERASE, Permission.SOURCES_WRITE}
    assert set(PERMISSIONS) == set(ROLES)


async def test_a_rep_sees_own_and_unassigned_leads() -> None:
    rep, manager = User("u", "", "", "rep", "p1"), User("u", "", "", "manager")
    assert [rep.may_see(owner) for owner in ("p1", None, "p2")] == [True, True, False]
    assert [manager.may_see(owner) for owner in ("p1", None, "p2")] == [True, True, True]
    assert not User("u", "", "", "rep").may_see("p2")


async def test_a_signing_key_of_the_settings_is_used() -> None:
    from cryptography.hazmat.primitives import serialization

    from infra.auth.signing import derived_key

    key = derived_key(b"mine")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    with_key = settings().model_copy(update={"auth": Auth(signing_key=pem)})
    first, second = offline.services(settings=with_key), offline.services()
    user = User("u1", "", "", "admin")
    assert isinstance(first, Services)
    assert first.tokens.read(first.tokens.issue(user)).user == user
    with pytest.raises(Exception, match="not signed"):
        second.tokens.read(first.tokens.issue(user))


async def test_a_rep_may_touch_nothing_of_others_where_owners_are_not_known() -> None:
    from infra.gateway.problems import Problem
    from infra.gateway.visibility import check_lead

    given = offline.services()
    await check_lead(given, User("u", "", "", "manager"), "l1")
    with pytest.raises(Problem):
        await check_lead(given, User("u", "", "", "rep", "p1"), "l1")
