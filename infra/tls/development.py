"""A certificate for a machine of one's own: a local authority, and a server's certificate signed by it."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES: Final = ("localhost", "127.0.0.1", "::1")
VALID: Final = timedelta(days=365)
EARLIER: Final = timedelta(minutes=5)
"""Clocks of one's other machines may be a little behind."""


@dataclass(frozen=True)
class Issued:
    """PEM texts. The authority's own key is kept nowhere, so nothing else will ever be signed by it."""

    ca: str
    certificate: str
    key: str


@dataclass(frozen=True)
class Written:
    """Where the three texts stand."""

    ca: Path
    certificate: Path
    key: Path


def issue(names: Sequence[str] = NAMES, valid: timedelta = VALID) -> Issued:
    """A new authority, and a certificate for `names` (host names and addresses) that it signed."""
    now = datetime.now(UTC)
    authority, secret = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Leadflow development {x509.random_serial_number() % 10**6}")])
    root = (
        _begun(issuer, issuer, authority.public_key(), now, valid)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    leaf = (
        _begun(subject, issuer, secret.public_key(), now, valid)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Issued(root.public_bytes(pem).decode(), leaf.public_bytes(pem).decode(), plain.decode())


def write(folder: Path, issued: Issued) -> Written:
    """Into files that their owner alone may read. Raises FileExistsError: a certificate in use is never replaced silently."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = Written(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    for path, text in ((written.key, issued.key), (written.certificate, issued.certificate), (written.ca, issued.ca)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
    return written


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, valid: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - EARLIER).not_valid_after(now + valid)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
