"""What every endpoint may use, made once a process by the wiring and reached through `services(request)`."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Request
from redis.asyncio import Redis

from infra.auth.guesses import Guesses
from infra.auth.passwords import Passwords
from infra.auth.sessions import Sessions
from infra.auth.tokens import JoseCodec, TokenCodec, derived_key, keys_from_pem
from infra.crypto.keyring import Keyring
from infra.gateway.ids import SubmissionIds
from infra.gateway.live import Live
from infra.gateway.outcomes import Outcomes
from infra.kafka.publisher import Publisher
from infra.settings import Settings

ReadyCheck = Callable[[], Awaitable[str | None]]
"""None when ready, else what is not, in words for an operator. Called often; may raise, which is not ready either."""

OwnerOf = Callable[[str], Awaitable[tuple[bool, str | None]]]
"""Lead id -> (it is in the read model, its owner)."""

DASHBOARD: Final = Path(__file__).resolve().parents[2] / "dashboard" / "dist"


class NoMasterKey(ValueError):
    """LEADFLOW_CRYPTO__MASTER_KEY must be set: base64 of 32 random bytes."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True)
class Services:
    """Adapters and shared helpers of one gateway process.

    Attributes:
        opensearch: an opensearchpy.AsyncOpenSearch, None where search is not served.
        imports: a producers.imports.service.Imports, None where there is no S3.
        files: a producers.files.store.LeadFiles, likewise.
        owner_of: whose a lead is, for what a rep may change; None lets a rep change nothing of others, for want of knowing.
        ready: checks by name, beside those that the gateway makes itself (PostgreSQL, Redis).
        source_secret: key under which the secrets of intake sources are sealed.
        dashboard: folder of the built dashboard; a missing one is said at `/`.
    """

    settings: Settings
    pool: asyncpg.Pool
    redis: Redis
    keyring: Keyring
    publisher: Publisher
    tokens: TokenCodec
    passwords: Passwords
    sessions: Sessions
    guesses: Guesses
    ids: SubmissionIds
    outcomes: Outcomes
    live: Live
    source_secret: bytes
    opensearch: Any = None
    imports: Any = None
    files: Any = None
    owner_of: OwnerOf | None = None
    ready: Mapping[str, ReadyCheck] = field(default_factory=dict)
    dashboard: Path = DASHBOARD

    @classmethod
    def build(
        cls,
        settings: Settings,
        *,
        pool: asyncpg.Pool,
        redis: Redis,
        keyring: Keyring,
        publisher: Publisher,
        passwords: Passwords | None = None,
        opensearch: Any = None,
        imports: Any = None,
        files: Any = None,
        owner_of: OwnerOf | None = None,
        ready: Mapping[str, ReadyCheck] | None = None,
        dashboard: Path = DASHBOARD,
    ) -> "Services":
        """Everything else from what differs by deployment. Raises NoMasterKey, and ValueError for an unusable signing key."""
        master = master_key(settings)
        auth = settings.auth
        pem = auth.signing_key
        keys = [derived_key(derive(master, "access tokens"))] if pem is None else keys_from_pem(pem.get_secret_value())
        return cls(
            settings=settings,
            pool=pool,
            redis=redis,
            keyring=keyring,
            publisher=publisher,
            tokens=JoseCodec(keys, issuer=auth.issuer, seconds=auth.access_seconds),
            passwords=passwords or Passwords(),
            sessions=Sessions(pool, derive(master, "refresh tokens"), days=auth.refresh_days),
            guesses=Guesses(redis, settings.redis.prefix, lambda email: keyring.hash("email", email)),
            ids=SubmissionIds(derive(master, "submission ids")),
            outcomes=Outcomes(pool, redis, settings.redis.prefix),
            live=Live(redis, settings.redis.prefix, keyring.forget),
            source_secret=derive(master, "source secrets"),
            opensearch=opensearch,
            imports=imports,
            files=files,
            owner_of=owner_of,
            ready=dict(ready or {}),
            dashboard=dashboard,
        )


def master_key(settings: Settings) -> bytes:
    """The 32 bytes behind LEADFLOW_CRYPTO__MASTER_KEY. Raises NoMasterKey."""
    secret = settings.crypto.master_key
    if secret is None:
        raise NoMasterKey
    try:
        master = base64.b64decode(secret.get_secret_value(), validate=True)
    except binascii.Error:
        raise NoMasterKey from None
    if len(master) != 32:
        raise NoMasterKey
    return master


def derive(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, telling nothing of the master key nor of another purpose's."""
    return HKDF(SHA256(), 32, salt=None, info=f"leadflow {purpose}".encode()).derive(master)


def services(request: Request) -> Services:
    """FastAPI dependency: `Annotated[Services, Depends(services)]`, or for short `Used`."""
    found: Services = request.app.state.services
    return found


Used = Annotated[Services, Depends(services)]
