"""PEM texts, as settings hold them -> contexts that speak TLS 1.3 and nothing older."""

import ssl
import tempfile
from functools import lru_cache
from pathlib import Path

from infra.settings import BadSettings, Certified


class BadCertificate(ValueError):
    """A certificate, key or authority that can't be used."""


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """For who listens. `certificate` may hold the chain behind it. Raises BadCertificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _load_chain(context, certificate, key)
    return context


def context_of(given: Certified, group: str) -> ssl.SSLContext:
    """For a client with the settings LEADFLOW_`group`__CA, __CERTIFICATE and __KEY. Raises BadSettings, which names them."""
    key = None if given.key is None else given.key.get_secret_value()
    try:
        return client_context(given.ca, given.certificate, key)
    except BadCertificate as bad:
        names = ", ".join(f"LEADFLOW_{group}__{name}" for name in ("CA", "CERTIFICATE", "KEY"))
        raise BadSettings(f"{names}: {bad}") from bad


@lru_cache(maxsize=64)
def client_context(ca: str | None = None, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """For who connects; the server's name is always checked. Raises BadCertificate. Equal texts share a context.

    Args:
        ca: the authorities that are believed; the system's own if None.
        certificate, key: who we are, for servers that ask.
    """
    try:
        context = ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError) as bad:
        raise BadCertificate(f"the authority's certificate can't be used: {_reason(bad)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if certificate is not None and key is not None:
        _load_chain(context, certificate, key)
    return context


def _load_chain(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads files alone, so the texts are in a folder of our own for a moment, which nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="leadflow-") as folder:
        chain, secret = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        chain.write_text(certificate, encoding="utf-8")
        secret.touch(mode=0o600)
        secret.write_text(key, encoding="utf-8")
        try:
            # An empty password, because OpenSSL would ask for an encrypted key's at the terminal.
            context.load_cert_chain(chain, secret, password="")
        except (ssl.SSLError, ValueError) as bad:
            raise BadCertificate(f"the certificate and its key can't be used: {_reason(bad)}") from None


def _reason(error: Exception) -> str:
    """Without what OpenSSL adds about its own source files."""
    return (getattr(error, "reason", None) or type(error).__name__).replace("_", " ").lower()
