"""Where the servers answer, and the environment variables that say so."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

KAFKA: Final = "kafka"
POSTGRES: Final = "postgres"
REDIS: Final = "redis"
OPENSEARCH: Final = "opensearch"
MAIL: Final = "mail"

ALL_SERVERS: Final[frozenset[str]] = frozenset({KAFKA, POSTGRES, REDIS, OPENSEARCH, MAIL})

KAFKA_VARIABLE: Final = "LEADFLOW_KAFKA__BOOTSTRAP"
POSTGRES_VARIABLE: Final = "LEADFLOW_POSTGRES__URL"
REDIS_VARIABLE: Final = "LEADFLOW_REDIS__URL"
OPENSEARCH_VARIABLE: Final = "LEADFLOW_OPENSEARCH__URL"
MAIL_HOST_VARIABLE: Final = "LEADFLOW_MAIL__HOST"
MAIL_PORT_VARIABLE: Final = "LEADFLOW_MAIL__PORT"

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

    def as_environment(self) -> dict[str, str]:
        """The variables that make another Leadflow process use these servers; those not running are left out."""
        values = {
            KAFKA_VARIABLE: self.kafka_bootstrap,
            POSTGRES_VARIABLE: self.postgres_url,
            REDIS_VARIABLE: self.redis_url,
            OPENSEARCH_VARIABLE: self.opensearch_url,
            MAIL_HOST_VARIABLE: self.smtp_host,
            MAIL_PORT_VARIABLE: str(self.smtp_port) if self.smtp_port else "",
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
    ):
        if value := environment.get(variable, "").strip():
            fields[field] = value
            given.add(server)
    if MAIL in given:
        port = environment.get(MAIL_PORT_VARIABLE, "").strip() or str(SMTP_PORT_DEFAULT)
        if not port.isdecimal():
            raise ValueError(f"{MAIL_PORT_VARIABLE} must be a number, not {port!r}.")
        fields["smtp_port"] = int(port)
    return Addresses.model_validate(fields), frozenset(given)
