"""Settings, from the environment alone: `LEADFLOW_...`, nested by `__`, secrets also as `..._FILE`.

An unknown or unusable variable is an error that names it, because a setting that is silently ignored is worse than none.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

PREFIX = "LEADFLOW_"


class BadSettings(Exception):
    """One line per variable that can't be used."""


_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


def listed(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Certified(_Group):
    """PEM texts: our `certificate` (with its chain) and `key`; `ca` of who signed the other side's, the system's if unset."""

    certificate: str | None = None
    key: SecretStr | None = None
    ca: str | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key belong together: set both or none")
        return self


class Kafka(Certified):
    """`prefix` stands before every topic and group, so that several deployments share a cluster.

    `tls` speaks TLS 1.3 to the brokers, with a client certificate if one is given; a `username` logs in by SASL.
    """

    tls: bool = False
    username: str | None = None
    password: SecretStr | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    bootstrap: str = "127.0.0.1:9092"
    prefix: str = ""
    partitions: int = Field(default=6, ge=1, le=1024)
    replication: int = Field(default=1, ge=1)
    session_timeout_ms: int = Field(default=10_000, ge=2_000)
    publish_timeout_seconds: float = Field(default=5.0, gt=0)


class Postgres(Certified):
    """asyncpg URL; a Unix socket as `postgresql://user@/db?host=/dir`. `password` is for a URL that has none.

    `tls` insists on TLS 1.3 and a certificate for the server's name, whatever `sslmode` the URL asks for.
    """

    url: str = "postgresql://postgres@127.0.0.1:5432/leadflow"
    password: SecretStr | None = None
    tls: bool = False


class Redis(Certified):
    """`prefix` stands before every key and channel. `rediss://` speaks TLS 1.3. `password` is for a URL that has none."""

    url: str = "redis://127.0.0.1:6379/0"
    password: SecretStr | None = None
    prefix: str = "leadflow:"


class OpenSearch(Certified):
    """`prefix` stands before every index. `https://` speaks TLS 1.3."""

    url: str = "http://127.0.0.1:9200"
    username: str | None = None
    password: SecretStr | None = None
    prefix: str = "leadflow-"


class Mail(Certified):
    """`redirect_to` sends all mail of a staging system to one address; `company_name` is whose mails these are.

    `tls` is `offered` (STARTTLS where the server has it), `starttls` or `implicit` (from the first byte); the last two speak
    TLS 1.3 or not at all, and only they may log in as `username`.
    """

    host: str = "127.0.0.1"
    port: int = 1025
    tls: Literal["offered", "starttls", "implicit"] = "offered"
    username: str | None = None
    password: SecretStr | None = None
    sender: str = "Leadflow <leadflow@example.com>"
    company_name: str = "Leadflow"
    redirect_to: str | None = None
    timeout_seconds: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _never_in_clear(self) -> Self:
        if self.username is not None and self.tls == "offered":
            raise ValueError("a password is sent over TLS alone: set LEADFLOW_MAIL__TLS to starttls or implicit")
        return self


class Mailbox(Certified):
    """Where replies to our mails arrive, read by IMAP; `host` None: nowhere. Mails are looked at, never changed or marked read.

    `tls` is `implicit` (from the first byte) or `starttls`; both speak TLS 1.3 or not at all. What is new is looked for every
    `poll_seconds`.
    """

    host: str | None = None
    port: int = Field(default=993, ge=1, le=65535)
    tls: Literal["implicit", "starttls"] = "implicit"
    username: str | None = None
    password: SecretStr | None = None
    folder: str = Field(default="INBOX", min_length=1, max_length=500, pattern=r"^[ -~]+$")
    poll_seconds: float = Field(default=60.0, ge=1, le=3_600)
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        missing = [name for name in ("username", "password") if getattr(self, name) is None]
        if self.host is not None and missing:
            raise ValueError(f"a mailbox needs a login: set {', '.join(f'LEADFLOW_MAILBOX__{one.upper()}' for one in missing)}")
        return self


class S3(_Group):
    """Files: imports, and what belongs to leads. `endpoint` None: this deployment has none. `prefix` stands before every key."""

    endpoint: str | None = None
    region: str = "us-east-1"
    bucket: str = Field(default="leadflow", min_length=3, max_length=63)
    access_key: str = ""
    secret_key: SecretStr | None = None
    prefix: str = ""
    timeout_seconds: float = Field(default=10.0, gt=0)


class Crypto(_Group):
    """`master_key` is base64 of 32 random bytes; it wraps every other key, so losing it loses all personal data.

    `previous_master_key` is known beside it while one replaces the other: see `leadflow keys rotate`.
    """

    master_key: SecretStr | None = None
    previous_master_key: SecretStr | None = None


class Auth(_Group):
    """`signing_key` is one or several ES256 private keys (PEM): the first signs, all verify. Without it keys are derived from the
    master key, a new one every `signing_key_days`. Reps see own and unassigned leads, or also those of everybody in their teams.
    """

    signing_key: SecretStr | None = None
    signing_key_days: int = Field(default=30, ge=1, le=365)
    issuer: str = "leadflow"
    access_seconds: int = Field(default=900, ge=60, le=3600)
    refresh_days: int = Field(default=30, ge=1, le=365)
    reps_see: Literal["own", "team"] = "own"
    admin_email: str | None = None
    admin_password: SecretStr | None = None


class Tls(Certified):
    """The gateway's own: with a certificate it speaks TLS 1.3 and nothing older.

    `ca` is who signed it, for what `leadflow up` itself asks of the gateway.
    """


class Gateway(_Group):
    """Where the gateway listens, and how people reach it from outside.

    `trusted_proxies` are networks, separated by commas, whose X-Forwarded-For is believed. `allowed_origins` are web pages of
    others, such as `https://crm.example.com`, separated by commas, that may ask the API; without any, only our own may.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    workers: int = Field(default=1, ge=1)
    await_seconds: float = Field(default=2.0, gt=0, le=30)
    trusted_proxies: str = ""
    allowed_origins: str = ""
    pending_bytes_max: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        for network in listed(text):
            ip_network(network)
        return text

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for origin in listed(text):
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"{origin!r} is no origin such as https://crm.example.com")
        return text


class Limits(_Group):
    """Requests a minute, which may also come at once. People at a dashboard come nowhere near. `sign_in`: logins, resets of one
    address. `intake_...`: the hot route, where they stop what has run wild; a source's sender may have many addresses.
    `form_unknown`: hosted forms that are not at hand, which guessed ones never are.
    """

    user_per_minute: int = Field(default=3_000, ge=1)
    key_per_minute: int = Field(default=6_000, ge=1)
    address_per_minute: int = Field(default=12_000, ge=1)
    sign_in_per_minute: int = Field(default=120, ge=1)
    intake_source_per_minute: int = Field(default=600_000, ge=1)
    intake_address_per_minute: int = Field(default=60_000, ge=1)
    form_unknown_per_minute: int = Field(default=120, ge=1)


class Audit(_Group):
    """What was done is kept for ever, the addresses of the machines it was done from for `address_days`."""

    address_days: int = Field(default=90, ge=1, le=3_650)


class Outgoing(_Group):
    """What we ask other systems for. `allowed` lists, comma-separated, every `host:port` that may be private or without TLS."""

    allowed: str = ""
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    meta_url: str = "https://graph.facebook.com/v22.0"
    hubspot_url: str = "https://api.hubapi.com"


class Telemetry(_Group):
    """`metrics_port` None serves no metrics from processes other than the gateway.

    Metrics are for this machine alone, and with a `metrics_token` for whoever sends it as a bearer token.
    """

    log_level: str = "info"
    log_format: str = Field(default="json", pattern="^(json|console)$")
    metrics_port: int | None = None
    metrics_token: SecretStr | None = Field(default=None, min_length=16)


class Settings(_Group):
    """Everything that can be set."""

    data_dir: Path = Path(".leadflow")
    kafka: Kafka = Kafka()
    postgres: Postgres = Postgres()
    redis: Redis = Redis()
    opensearch: OpenSearch = OpenSearch()
    mail: Mail = Mail()
    mailbox: Mailbox = Mailbox()
    s3: S3 = S3()
    crypto: Crypto = Crypto()
    auth: Auth = Auth()
    tls: Tls = Tls()
    gateway: Gateway = Gateway()
    limits: Limits = Limits()
    audit: Audit = Audit()
    outgoing: Outgoing = Outgoing()
    telemetry: Telemetry = Telemetry()


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment` (the process's own by default). Raises BadSettings, naming each variable."""
    environment = os.environ if environment is None else environment
    tree: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in sorted(environment.items()):
        # LEADFLOW_CACHE belongs to the local servers and is read before there are settings.
        if not name.startswith(PREFIX) or name == f"{PREFIX}CACHE":
            continue
        path = name.removeprefix(PREFIX).lower().split("__")
        if path[-1].endswith("_file") and value:
            path[-1] = path[-1].removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()  # noqa: PLW2901 - the file's text is the value
            except OSError as unreadable:
                problems.append(f"{name}: can't read {value!r}: {unreadable.strerror}")
                continue
        _place(tree, path, value)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as invalid:
        for error in invalid.errors():
            variable = PREFIX + "__".join(str(part).upper() for part in error["loc"])
            unknown = error["type"] == "extra_forbidden"
            problems.append(f"{variable}: " + ("there is no such setting" if unknown else error["msg"]))
    if problems:
        raise BadSettings("; ".join(problems))
    return settings


def _place(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[path[-1]] = value


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that make another process load the same settings."""
    flat: dict[str, str] = {}

    def walk(prefix: str, group: BaseModel) -> None:
        for name in type(group).model_fields:
            value = getattr(group, name)
            if isinstance(value, BaseModel):
                walk(f"{prefix}{name.upper()}__", value)
            elif value is not None:
                flat[f"{prefix}{name.upper()}"] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    walk(PREFIX, settings)
    return flat
