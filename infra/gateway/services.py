"""What every endpoint may use, made once a process by the wiring and reached through `services(request)`."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
from fastapi import Depends, Request
from pydantic import SecretStr
from redis.asyncio import Redis

from infra.auth.account_mail import AccountMail
from infra.auth.ended import EndedSessions
from infra.auth.guesses import Guesses
from infra.auth.passwords import Passwords
from infra.auth.second_factor import SecondFactors
from infra.auth.sessions import Sessions
from infra.auth.signing import DerivedKeys, GivenKeys, SigningKeys, keys_from_pem
from infra.auth.teams import Teams
from infra.auth.tokens import JoseCodec, TokenCodec
from infra.crypto.keyring import Keyring
from infra.crypto.seal import KEY_BYTES
from infra.gateway.addresses import Addresses, sealed_bucket
from infra.gateway.ids import SubmissionIds
from infra.gateway.leases import FormLimits, IntakeLimits, Leases
from infra.gateway.live import Live
from infra.gateway.outcomes import Outcomes
from infra.gateway.rates import Rates
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
        bucket_of: what Redis knows a machine's address by.
        remap: an infra.dead_letters.ports.Remap, None where nothing can be read anew.
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
    ended: EndedSessions
    teams: Teams
    rates: Rates
    leases: Leases
    intake_limits: IntakeLimits
    form_limits: FormLimits
    addresses: Addresses
    bucket_of: Callable[[str], str]
    guesses: Guesses
    factors: SecondFactors
    account_mail: AccountMail
    ids: SubmissionIds
    outcomes: Outcomes
    live: Live
    source_secret: bytes
    opensearch: Any = None
    imports: Any = None
    files: Any = None
    remap: Any = None
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
        remap: Any = None,
        owner_of: OwnerOf | None = None,
        ready: Mapping[str, ReadyCheck] | None = None,
        dashboard: Path = DASHBOARD,
    ) -> "Services":
        """Everything else from what differs by deployment. Raises ValueError for an unusable signing key."""
        auth, limits = settings.auth, settings.limits
        rates = Rates(redis, settings.redis.prefix)
        live = Live(redis, settings.redis.prefix, keyring.forget)
        leases = Leases(rates)
        bucket_of = sealed_bucket(keyring.secret("machine addresses"))
        return cls(
            settings=settings,
            pool=pool,
            redis=redis,
            keyring=keyring,
            publisher=publisher,
            tokens=JoseCodec(signing_keys(settings, keyring), issuer=auth.issuer, seconds=auth.access_seconds),
            passwords=passwords or Passwords(),
            sessions=Sessions(pool, keyring.secret("refresh tokens"), days=auth.refresh_days),
            ended=EndedSessions(pool, token_seconds=auth.access_seconds, told=live.end),
            teams=Teams(pool),
            rates=rates,
            leases=leases,
            intake_limits=IntakeLimits(
                leases,
                source_per_minute=limits.intake_source_per_minute,
                address_per_minute=limits.intake_address_per_minute,
                bucket_of=bucket_of,
            ),
            form_limits=FormLimits(leases, unknown_per_minute=limits.form_unknown_per_minute, bucket_of=bucket_of),
            bucket_of=bucket_of,
            addresses=Addresses(settings.gateway.trusted_proxies),
            guesses=Guesses(redis, settings.redis.prefix, lambda email: keyring.hash("email", email)),
            factors=SecondFactors(pool, keyring.secret("totp secrets"), keyring.secret("recovery codes")),
            account_mail=AccountMail(pool, settings.mail, public_url=settings.gateway.public_url),
            ids=SubmissionIds(keyring.secret("submission ids")),
            outcomes=Outcomes(pool, redis, settings.redis.prefix),
            live=live,
            source_secret=keyring.secret("source secrets"),
            opensearch=opensearch,
            imports=imports,
            files=files,
            remap=remap,
            owner_of=owner_of,
            ready=dict(ready or {}),
            dashboard=dashboard,
        )


def signing_keys(settings: Settings, keyring: Keyring) -> SigningKeys:
    """Those of the settings, or derived ones. Raises ValueError for unusable ones."""
    auth = settings.auth
    if auth.signing_key is not None:
        return GivenKeys(keys_from_pem(auth.signing_key.get_secret_value()))
    return DerivedKeys(keyring.secret("access tokens"), days=auth.signing_key_days, token_seconds=auth.access_seconds)


def master_key(settings: Settings) -> bytes:
    """The 32 bytes behind LEADFLOW_CRYPTO__MASTER_KEY. Raises NoMasterKey."""
    return _decoded(settings.crypto.master_key)


def previous_master_key(settings: Settings) -> bytes | None:
    """As `master_key`; None where no master key is being replaced."""
    secret = settings.crypto.previous_master_key
    try:
        return None if secret is None else _decoded(secret)
    except NoMasterKey:
        raise ValueError("LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY must be base64 of 32 bytes") from None


def _decoded(secret: SecretStr | None) -> bytes:
    if secret is None:
        raise NoMasterKey
    try:
        master = base64.b64decode(secret.get_secret_value(), validate=True)
    except binascii.Error:
        raise NoMasterKey from None
    if len(master) != KEY_BYTES:
        raise NoMasterKey
    return master


def services(request: Request) -> Services:
    """FastAPI dependency: `Annotated[Services, Depends(services)]`, or for short `Used`."""
    found: Services = request.app.state.services
    return found


Used = Annotated[Services, Depends(services)]
