"""Where the servers answer, and the environment variables that say so."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

KAFKA: Final = "kafka"
POSTGRES: Final = "postgres"
REDIS: Final = "redis"
OPENSEARCH: Final = "opensearch"
MAIL: Final = "mail"
S3: Final = "s3"

ALL_SERVERS: Final[frozenset[str]] = frozenset({KAFKA, POSTGRES, REDIS, OPENSEARCH, MAIL, S3})

KAFKA_VARIABLE: Final = "LEADFLOW_KAFKA__BOOTSTRAP"
POSTGRES_VARIABLE: Final = "LEADFLOW_POSTGRES__URL"
REDIS_VARIABLE: Final = "LEADFLOW_REDIS__URL"
OPENSEARCH_VARIABLE: Final = "LEADFLOW_OPENSEARCH__URL"
MAIL_HOST_VARIABLE: Final = "LEADFLOW_MAIL__HOST"
MAIL_PORT_VARIABLE: Final = "LEADFLOW_MAIL__PORT"
S3_VARIABLE: Final = "LEADFLOW_S3__ENDPOINT"
S3_ACCESS_KEY_VARIABLE: Final = "LEADFLOW_S3__ACCESS_KEY"
S3_SECRET_KEY_VARIABLE: Final = "LEADFLOW_S3__SECRET_KEY"  # noqa: S105 - its name, not the secret

SMTP_PORT_DEFAULT: Final = 25


class Addresses(BaseModel):
    """Where each server answers. An empty string (port 0) means: not asked for, so not running."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka_bootstrap: str = ""
    """`host:port`"""
    postgres_url: str = ""
    """`postgresql://...` as asyncpg takes it; the database exists and its user may create others."""
    redis_url: str = ""
    opensearch_url: str = ""
    smtp_host: str = ""
    smtp_port: int = 0
    mail_url: str = ""
    """Page with the caught mails; `/messages.json` below it is the same for programs. Empty for a real mail server."""
    s3_endpoint: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = Field(default="", repr=False)

    def as_environment(self) -> dict[str, str]:
        """The variables that make another Leadflow process use these servers; those not running are left out."""
        values = {
            KAFKA_VARIABLE: self.kafka_bootstrap,
            POSTGRES_VARIABLE: self.postgres_url,
            REDIS_VARIABLE: self.redis_url,
            OPENSEARCH_VARIABLE: self.opensearch_url,
            MAIL_HOST_VARIABLE: self.smtp_host,
            MAIL_PORT_VARIABLE: str(self.smtp_port) if self.smtp_port else "",
            S3_VARIABLE: self.s3_endpoint,
            S3_ACCESS_KEY_VARIABLE: self.s3_access_key,
            S3_SECRET_KEY_VARIABLE: self.s3_secret_key,
        }
        return {name: value for name, value in values.items() if value}


def given_addresses(environment: Mapping[str, str]) -> tuple[Addresses, frozenset[str]]:
    """The addresses that the environment names, and the names of those servers."""
    fields: dict[str, str | int] = {}
    given: set[str] = set()
    for server, variable, field in (
        (KAFKA, KAFKA_VARIABLE, "kafka_bootstrap"),
        (POSTGRES, POSTGRES_VARIABLE, "postgres_url"),
        (REDIS, REDIS_VARIABLE, "redis_url"),
        (OPENSEARCH, OPENSEARCH_VARIABLE, "opensearch_url"),
        (MAIL, MAIL_HOST_VARIABLE, "smtp_host"),
        (S3, S3_VARIABLE, "s3_endpoint"),
    ):
        if value := environment.get(variable, "").strip():
            fields[field] = value
            given.add(server)
    if S3 in given:
        # A secret in a file is the settings' to read; who starts no server of ours passes it on unread.
        fields["s3_access_key"] = environment.get(S3_ACCESS_KEY_VARIABLE, "").strip()
        fields["s3_secret_key"] = environment.get(S3_SECRET_KEY_VARIABLE, "").strip()
    if MAIL in given:
        port = environment.get(MAIL_PORT_VARIABLE, "").strip() or str(SMTP_PORT_DEFAULT)
        if not port.isdecimal():
            raise ValueError(f"{MAIL_PORT_VARIABLE} must be a number, not {port!r}.")
        fields["smtp_port"] = int(port)
    return Addresses.model_validate(fields), frozenset(given)
