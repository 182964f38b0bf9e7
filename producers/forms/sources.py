"""Intake sources: who may send, how they sign, and what their fields mean."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from infra.crypto.seal import Key
from infra.gateway.services import Services
from producers.forms.confirmation import impossible, wording_of
from producers.forms.schemes import SignatureScheme, scheme_of
from producers.forms.translate import Origin

LOAD_SECONDS_MAX: Final = 2.0
LISTED_MAX: Final = 1_000
SECRET_BYTES: Final = 32
STORE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
SOURCE_ID: Final = r"^[A-Za-z0-9_-]{1,100}$"
CREDENTIALS: Final = ("access_token", "verify_token")
"""What a source may need beside its secret: to ask its vendor, and to be believed when it subscribes."""
_PLAIN: Final = frozenset(("name", "quiet", "double_opt_in"))
_JSON: Final = frozenset(("mapping", "open_answers", "allowed_origins", "form"))


class SourceChanged(Exception):
    """It isn't any more as the asker read it; `version` is what it is now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the source is at version {version}")
        self.version = version


_HIDDEN_SECRET: Final = "[secret]"  # noqa: S105 - what stands in its place
# Hiding a shorter one would spoil innocent text.
_SECRET_HIDDEN_FROM: Final = 8


class Unconfirmable(Exception):
    """It can't have what is ticked in its form confirmed by mail; says why."""


@dataclass(frozen=True, slots=True)
class IntakeSource:
    """A source as intake uses it. `scheme` is how its sender signs, whether or not that is checked (`signed`).

    Attributes:
        secrets: the present one first; during a replacement the one before it too, until `old_secret_until` (unix seconds).
        deleted: nothing is taken any more, and the sender is told so.
        allowed_origins: pages whose browsers may post; none named, all may.
        form: how its hosted form looks, if it isn't the ordinary one.
    """

    id: str
    vendor: str
    signed: bool
    secrets: tuple[bytes, ...]
    scheme: SignatureScheme
    mapping: Mapping[str, str]
    origin: Origin
    old_secret_until: float | None = None
    deleted: bool = False
    allowed_origins: frozenset[str] = frozenset()
    credentials: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] | None = None
    name: str = ""

    def secrets_at(self, now: float) -> tuple[bytes, ...]:
        """Those that are good now."""
        until = self.old_secret_until
        return self.secrets if until is None or now < until else self.secrets[:1]

    def without_secrets(self, text: str) -> str:
        """For keeping: some vendors send the secret inside of what they send."""
        for secret in self.secrets:
            if len(secret) >= _SECRET_HIDDEN_FROM:
                text = text.replace(secret.decode(), _HIDDEN_SECRET)
        return text


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as it is listed: without its secrets, of which only the names of those that are there are told."""

    id: str
    name: str
    vendor: str
    signed: bool
    scheme: dict[str, Any] | None
    mapping: dict[str, str]
    open_answers: list[str]
    quiet: bool
    allowed_origins: list[str]
    form: dict[str, Any] | None
    credentials: list[str]
    old_secret_until: datetime | None
    created_by: str
    created_at: datetime
    version: int
    double_opt_in: bool


@dataclass(frozen=True, slots=True)
class NewSource:
    """What is said of a source when it is made; no secret: one is made up."""

    name: str
    vendor: str
    secret: str | None = None
    signed: bool | None = None
    scheme: SignatureScheme | None = None
    mapping: Mapping[str, str] | None = None
    open_answers: Sequence[str] = ()
    quiet: bool = False
    allowed_origins: Sequence[str] = ()
    form: Mapping[str, Any] | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    double_opt_in: bool = False


class Sources:
    """The table. `key` seals the secrets."""

    def __init__(self, pool: asyncpg.Pool, key: Key) -> None:
        self._pool = pool
        self._key = key

    @classmethod
    def of(cls, services: Services) -> "Sources":
        """A gateway's."""
        return cls(services.pool, Key("source", services.source_secret))

    async def create(self, new: NewSource, *, created_by: str) -> tuple[SourceRow, str]:
        """The source and its secret, which can't be had again.

        Signatures are required where `signed` says so, or where it says nothing but the sender's secret was given.
        Raises Unconfirmable.
        """
        source_id = f"src_{secrets.token_hex(12)}"
        secret = new.secret or made_up(new.scheme or scheme_of(new.vendor))
        signed = new.signed if new.signed is not None else new.secret is not None
        _need_confirmable(new.form, wanted=new.double_opt_in, signed=signed, quiet=new.quiet)
        row = await self._pool.fetchrow(
            """
            insert into forms.sources (id, name, vendor, secret, signed, scheme, mapping, open_answers, quiet, created_by,
                allowed_origins, form, credentials, double_opt_in)
            values ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, $8::text::jsonb, $9, $10,
                $11::text::jsonb, $12::text::jsonb, $13, $14) returning *
            """,
            source_id,
            new.name,
            new.vendor,
            self._sealed(source_id, secret),
            signed,
            None if new.scheme is None else new.scheme.model_dump_json(),
            _json(dict(new.mapping or {})),
            _json(list(new.open_answers)),
            new.quiet,
            created_by,
            _json(list(new.allowed_origins)),
            None if new.form is None else _json(dict(new.form)),
            self._sealed(source_id, _json(dict(new.credentials))) if new.credentials else None,
            new.double_opt_in,
        )
        return self._row(row), secret

    async def listed(self) -> list[SourceRow]:
        """Those that are not deleted, the newest first."""
        rows = await self._pool.fetch(
            "select * from forms.sources where deleted_at is null order by created_at desc, id limit $1", LISTED_MAX
        )
        return [self._row(row) for row in rows]

    async def load(self, source_id: str) -> IntakeSource | None:
        """One source with its secrets; also a deleted one."""
        row = await self._pool.fetchrow("select * from forms.sources where id = $1", source_id, timeout=LOAD_SECONDS_MAX)
        if row is None:
            return None
        listed, opened = self._row(row), self._key.open_bytes(row["secret"], source_id.encode())
        scheme = scheme_of(listed.vendor, opened.decode())
        if listed.scheme is not None:
            scheme = SignatureScheme.model_validate(listed.scheme)
        old = () if row["old_secret"] is None else (self._key.open_bytes(row["old_secret"], source_id.encode()),)
        return IntakeSource(
            id=listed.id,
            vendor=listed.vendor,
            signed=listed.signed,
            secrets=(opened, *old),
            scheme=scheme,
            mapping=listed.mapping,
            origin=Origin(
                listed.vendor,
                listed.id,
                quiet=listed.quiet,
                open_answers=frozenset(listed.open_answers),
                confirmed_as=wording_of(listed.form) if listed.double_opt_in else None,
            ),
            old_secret_until=None if listed.old_secret_until is None else listed.old_secret_until.timestamp(),
            deleted=row["deleted_at"] is not None,
            allowed_origins=frozenset(listed.allowed_origins),
            credentials=self._credentials(row),
            form=listed.form,
            name=listed.name,
        )

    async def change(
        self, source_id: str, changes: Mapping[str, Any], credentials: Mapping[str, str | None], expected: int | None = None
    ) -> SourceRow | None:
        """Set fields (see SourceRow) and credentials (None takes one away). None: there is no such source.

        Raises SourceChanged if it isn't at the `expected` version, and Unconfirmable.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "select * from forms.sources where id = $1 and deleted_at is null for update", source_id
            )
            if row is None:
                return None
            if expected is not None and expected != row["version"]:
                raise SourceChanged(row["version"])
            for name, value in changes.items():
                if name not in _PLAIN | _JSON:
                    raise ValueError(f"{name} of a source can't be changed")
                cast, stored = ("::text::jsonb", None if value is None else _json(value)) if name in _JSON else ("", value)
                # The name is one of ours, not a request's.
                await connection.execute(f"update forms.sources set {name} = $2{cast} where id = $1", source_id, stored)
            if credentials:
                both = {**self._credentials(row), **credentials}
                kept = {name: value for name, value in both.items() if value}
                sealed = self._sealed(source_id, _json(kept)) if kept else None
                await connection.execute("update forms.sources set credentials = $2 where id = $1", source_id, sealed)
            bump = "update forms.sources set version = version + 1 where id = $1 returning *"
            changed = self._row(await connection.fetchrow(bump, source_id))
            _need_confirmable(changed.form, wanted=changed.double_opt_in, signed=changed.signed, quiet=changed.quiet)
            return changed

    async def rotate(self, source_id: str, secret: str | None, overlap_hours: float) -> tuple[SourceRow, str] | None:
        """The source with its new secret; the one before is good for the overlap. None: there is no such source."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "select * from forms.sources where id = $1 and deleted_at is null for update", source_id
            )
            if row is None:
                return None
            scheme = scheme_of(row["vendor"]) if row["scheme"] is None else SignatureScheme.model_validate_json(row["scheme"])
            new = secret or made_up(scheme)
            changed = await connection.fetchrow(
                """update forms.sources set secret = $2, version = version + 1,
                       old_secret = case when $3::float8 > 0 then secret end,
                       old_secret_until = case when $3::float8 > 0 then now() + make_interval(secs => $3::float8 * 3600) end
                   where id = $1 returning *""",
                source_id,
                self._sealed(source_id, new),
                overlap_hours,
            )
            return self._row(changed), new

    async def delete(self, source_id: str) -> bool:
        """Take nothing more from it, and forget its secrets and credentials. False: there is no such source."""
        done: str = await self._pool.execute(
            """update forms.sources set deleted_at = now(), secret = $2, credentials = null, old_secret = null,
                   old_secret_until = null, version = version + 1
               where id = $1 and deleted_at is null""",
            source_id,
            self._sealed(source_id, secrets.token_urlsafe(SECRET_BYTES)),
        )
        return done.endswith(" 1")

    def _sealed(self, source_id: str, text: str) -> bytes:
        return self._key.seal_bytes(text.encode(), source_id.encode())

    def _credentials(self, row: asyncpg.Record) -> dict[str, str]:
        if row["credentials"] is None:
            return {}
        found: dict[str, str] = orjson.loads(self._key.open_bytes(row["credentials"], row["id"].encode()))
        return found

    def _row(self, row: asyncpg.Record) -> SourceRow:
        return SourceRow(
            id=row["id"],
            name=row["name"],
            vendor=row["vendor"],
            signed=row["signed"],
            scheme=None if row["scheme"] is None else orjson.loads(row["scheme"]),
            mapping=orjson.loads(row["mapping"]),
            open_answers=orjson.loads(row["open_answers"]),
            quiet=row["quiet"],
            allowed_origins=orjson.loads(row["allowed_origins"]),
            form=None if row["form"] is None else orjson.loads(row["form"]),
            credentials=sorted(self._credentials(row)),
            old_secret_until=row["old_secret_until"],
            created_by=row["created_by"],
            created_at=row["created_at"],
            version=row["version"],
            double_opt_in=row["double_opt_in"],
        )


def _need_confirmable(form: Mapping[str, Any] | None, *, wanted: bool, signed: bool, quiet: bool) -> None:
    why = impossible(form, signed=signed, quiet=quiet) if wanted else None
    if why is not None:
        raise Unconfirmable(why)


def made_up(scheme: SignatureScheme) -> str:
    """A new secret that the scheme can use."""
    if scheme.key_encoding in ("base64", "whsec"):
        prefix = "whsec_" if scheme.key_encoding == "whsec" else ""
        return prefix + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return secrets.token_urlsafe(SECRET_BYTES)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
