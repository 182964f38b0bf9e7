"""How Kafka is reached, for producers, consumers, admins and the broker of FastStream alike."""

from typing import Any

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from infra.settings import Kafka
from infra.tls.contexts import context_of

SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def arguments(settings: Kafka) -> dict[str, Any]:
    """What every client of aiokafka needs to get in. Raises BadSettings for an unusable certificate."""
    found: dict[str, Any] = {"bootstrap_servers": settings.bootstrap}
    if settings.tls:
        found["ssl_context"] = context_of(settings, "KAFKA")
    if settings.username is None:
        found["security_protocol"] = "SSL" if settings.tls else "PLAINTEXT"
        return found
    return found | {
        "security_protocol": "SASL_SSL" if settings.tls else "SASL_PLAINTEXT",
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.username,
        "sasl_plain_password": _password(settings),
    }


def open_broker(settings: Kafka) -> KafkaBroker:
    """FastStream's, that connects when started. Raises BadSettings."""
    context = context_of(settings, "KAFKA") if settings.tls else None
    security = BaseSecurity(ssl_context=context, use_ssl=settings.tls)
    if settings.username is not None:
        scheme = SASL[settings.sasl_mechanism]
        security = scheme(settings.username, _password(settings), ssl_context=context, use_ssl=settings.tls)
    return KafkaBroker(settings.bootstrap, logger=None, apply_types=False, allow_auto_create_topics=False, security=security)


def _password(settings: Kafka) -> str:
    return "" if settings.password is None else settings.password.get_secret_value()
