"""A user's second factor: a secret shared with an authenticator app, and ten codes for the day that the app is lost.

The secret is sealed with a key of ours, recovery codes are stored as HMACs; each code of either kind is good once, whoever of two
parallel logins comes first.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import asyncpg

from infra.auth import totp
from infra.crypto.seal import Key, WrongKey

RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10
_RECOVERY_GROUP: Final = 4
CODE_CHARACTERS_MAX: Final = 40


class AlreadyEnrolled(Exception):
    """A confirmed secret is not replaced: it is removed first."""


@dataclass(frozen=True, slots=True)
class FactorState:
    """`enrolled` needs a code at login."""

    enrolled: bool
    recovery_codes_left: int


class SecondFactors:
    """All users' second factors. `sealing` and `hashing` are 32 bytes each, the same in every process."""

    def __init__(self, pool: asyncpg.Pool, sealing: bytes, hashing: bytes, *, now: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._key = Key("totp", sealing)
        self._hashing = hashing
        self._now = now

    async def state(self, user_id: str) -> FactorState:
        """Where a user stands."""
        row = await self._pool.fetchrow(
            """select exists (select from auth.totp where user_id = $1 and confirmed_at is not null) as enrolled,
                      (select count(*) from auth.recovery_codes where user_id = $1 and used_at is null) as codes_left""",
            user_id,
        )
        return FactorState(row["enrolled"], row["codes_left"])

    async def begin(self, user_id: str) -> bytes:
        """A new secret, which counts once it is confirmed; an unconfirmed one before it is forgotten. Raises AlreadyEnrolled."""
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        stored = await self._pool.fetchval(
            """insert into auth.totp (user_id, secret) values ($1, $2)
               on conflict (user_id) do update set secret = excluded.secret, begun_at = now(), last_step = -1
               where totp.confirmed_at is null returning true""",
            user_id,
            self._key.seal_bytes(secret, _owner(user_id)),
        )
        if not stored:
            raise AlreadyEnrolled
        return secret

    async def confirm(self, user_id: str, code: str) -> list[str] | None:
        """The recovery codes, which are not to be had again; None if the code is wrong or there is nothing to confirm."""
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._pool.acquire() as connection, connection.transaction():
            step = await self._step(connection, user_id, code, confirmed=False)
            if step is None:
                return None
            confirmed = await connection.fetchval(
                """update auth.totp set confirmed_at = now(), last_step = $2
                   where user_id = $1 and confirmed_at is null returning true""",
                user_id,
                step,
            )
            if not confirmed:
                return None
            await connection.execute("delete from auth.recovery_codes where user_id = $1", user_id)
            await connection.execute(
                "insert into auth.recovery_codes (user_id, hash) select $1, unnest($2::bytea[])",
                user_id,
                [self._hash(user_id, one) for one in codes],
            )
        return codes

    async def check(self, user_id: str, code: str) -> bool:
        """Whether a code of the app or a recovery code is right. It is used up by this."""
        if len(code) > CODE_CHARACTERS_MAX:
            return False
        async with self._pool.acquire() as connection:
            step = await self._step(connection, user_id, code, confirmed=True)
            if step is not None:
                return bool(
                    await connection.fetchval(
                        "update auth.totp set last_step = $2 where user_id = $1 and last_step < $2 returning true", user_id, step
                    )
                )
            return bool(
                await connection.fetchval(
                    """update auth.recovery_codes set used_at = now()
                       where user_id = $1 and hash = $2 and used_at is null returning true""",
                    user_id,
                    self._hash(user_id, code),
                )
            )

    async def remove(self, user_id: str) -> bool:
        """No second factor any more. False if there was none."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("delete from auth.recovery_codes where user_id = $1", user_id)
            return bool(await connection.fetchval("delete from auth.totp where user_id = $1 returning true", user_id))

    async def _step(self, connection: asyncpg.Connection, user_id: str, code: str, *, confirmed: bool) -> int | None:
        digits = code.replace(" ", "")
        if len(digits) != totp.DIGITS or not (digits.isascii() and digits.isdecimal()):
            return None
        sealed = await connection.fetchval(
            "select secret from auth.totp where user_id = $1 and (confirmed_at is not null) = $2", user_id, confirmed
        )
        if sealed is None:
            return None
        try:
            secret = self._key.open_bytes(sealed, _owner(user_id))
        except WrongKey:
            return None  # another master key than the one that it was sealed under: the user has recovery codes, or an admin
        return totp.matching_step(secret, digits, self._now())

    def _hash(self, user_id: str, code: str) -> bytes:
        plain = code.upper().replace("-", "").replace(" ", "")
        return hmac.digest(self._hashing, f"{user_id}\0{plain}".encode(), "sha256")


def _owner(user_id: str) -> bytes:
    return f"totp|{user_id}".encode()


def _recovery_code() -> str:
    """80 random bits, in groups that can be copied by hand."""
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()
    return "-".join(text[start : start + _RECOVERY_GROUP] for start in range(0, len(text), _RECOVERY_GROUP))
