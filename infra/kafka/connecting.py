"""How Kafka is reached, for producers, consumers, admins and the broker of FastStream alike."""

from typing import Any

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from infra.settings import Kafka
from infra.tls.contexts import context_of

SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}

_NONE_BEFORE_TLS_1_3 = "PSK-AES256-GCM-SHA384"
"""librdkafka has no least version. What it does before 1.3 it can do with this alone, which needs a secret that nobody has."""


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


def librdkafka(settings: Kafka) -> dict[str, Any]:
    """The same for a client of librdkafka. Raises BadSettings."""
    found: dict[str, Any] = {"bootstrap.servers": settings.bootstrap}
    if settings.tls:
        context_of(settings, "KAFKA")  # says which setting is of no use
        found["ssl.cipher.suites"] = _NONE_BEFORE_TLS_1_3
        if settings.ca is not None:
            found["ssl.ca.pem"] = settings.ca
        if settings.certificate is not None and settings.key is not None:
            found["ssl.certificate.pem"] = settings.certificate
            found["ssl.key.pem"] = settings.key.get_secret_value()
    if settings.username is None:
        return found | {"security.protocol": "SSL" if settings.tls else "PLAINTEXT"}
    return found | {
        "security.protocol": "SASL_SSL" if settings.tls else "SASL_PLAINTEXT",
        "sasl.mechanism": settings.sasl_mechanism,
        "sasl.username": settings.username,
        "sasl.password": _password(settings),
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
