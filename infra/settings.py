"""Settings, from the environment alone: `LEADFLOW_...`, nested by `__`, secrets also as `..._FILE`.

An unknown or unusable variable is an error that names it, because a setting that is silently ignored is worse than none.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

PREFIX = "LEADFLOW_"


class BadSettings(Exception):
    """One line per variable that can't be used."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(_Group):
    """`prefix` stands before every topic and group, so that several deployments share a cluster."""

    bootstrap: str = "127.0.0.1:9092"
    prefix: str = ""
    partitions: int = Field(default=6, ge=1, le=1024)
    replication: int = Field(default=1, ge=1)
    session_timeout_ms: int = Field(default=10_000, ge=2_000)
    publish_timeout_seconds: float = Field(default=5.0, gt=0)


class Postgres(_Group):
    """asyncpg URL; a Unix socket as `postgresql://user@/db?host=/dir`."""

    url: str = "postgresql://postgres@127.0.0.1:5432/leadflow"


class Redis(_Group):
    """`prefix` stands before every key and channel."""

    url: str = "redis://127.0.0.1:6379/0"
    prefix: str = "leadflow:"


class OpenSearch(_Group):
    """`prefix` stands before every index."""

    url: str = "http://127.0.0.1:9200"
    prefix: str = "leadflow-"


class Mail(_Group):
    """`redirect_to` sends all mail of a staging system to one address; `company_name` is whose mails these are."""

    host: str = "127.0.0.1"
    port: int = 1025
    sender: str = "Leadflow <leadflow@example.com>"
    company_name: str = "Leadflow"
    redirect_to: str | None = None
    timeout_seconds: float = Field(default=10.0, gt=0)


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
    """`master_key` is base64 of 32 random bytes; it wraps every other key, so losing it loses all personal data."""

    master_key: SecretStr | None = None


class Auth(_Group):
    """`signing_key` is an ES256 private key (PEM)."""

    signing_key: SecretStr | None = None
    issuer: str = "leadflow"
    access_seconds: int = Field(default=900, ge=60, le=3600)
    refresh_days: int = Field(default=30, ge=1, le=365)
    admin_email: str | None = None
    admin_password: SecretStr | None = None


class Gateway(_Group):
    """Where the gateway listens, and how people reach it from outside."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    workers: int = Field(default=1, ge=1)
    await_seconds: float = Field(default=2.0, gt=0, le=30)
    pending_bytes_max: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)


class Telemetry(_Group):
    """`metrics_port` None serves no metrics from processes other than the gateway."""

    log_level: str = "info"
    log_format: str = Field(default="json", pattern="^(json|console)$")
    metrics_port: int | None = None


class Settings(_Group):
    """Everything that can be set."""

    data_dir: Path = Path(".leadflow")
    kafka: Kafka = Kafka()
    postgres: Postgres = Postgres()
    redis: Redis = Redis()
    opensearch: OpenSearch = OpenSearch()
    mail: Mail = Mail()
    s3: S3 = S3()
    crypto: Crypto = Crypto()
    auth: Auth = Auth()
    gateway: Gateway = Gateway()
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
