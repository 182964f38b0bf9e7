"""Access tokens: a small port, and python-jose behind it with everything fixed that a token could otherwise choose."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt
from jose.exceptions import JOSEError

from infra.auth.roles import ROLES, User

ALGORITHM: Final = "ES256"
AUDIENCE: Final = "leadflow-api"
TYPE: Final = "at+jwt"
_TOKEN_CHARACTERS_MAX = 4_096
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti")}
_END_OF_KEY = "-----END"
# Order of the NIST P-256 group (FIPS 186-4, D.1.2.3).
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class BadToken(Exception):
    """The token isn't ours, isn't valid now, or isn't an access token."""


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says. `expires_at` is in unix seconds."""

    user: User
    expires_at: float


class TokenCodec(Protocol):
    """Issues and reads access tokens."""

    seconds: int
    """How long a token lives."""

    def issue(self, user: User) -> str:
        """A token for `user`, valid from now on."""

    def read(self, token: str) -> Access:
        """Raises BadToken, and nothing else."""


class JoseCodec:
    """ES256 only. The first key signs, all verify (so a key is replaced by putting the new one before it)."""

    def __init__(
        self, keys: Sequence[ec.EllipticCurvePrivateKey], *, issuer: str, seconds: int, now: Callable[[], float] = time.time
    ) -> None:
        if not keys:
            raise ValueError("at least one signing key is needed")
        self.seconds = seconds
        self._issuer = issuer
        self._now = now
        self._kid = key_id(keys[0])
        self._private = _pem(keys[0])
        self._public = {key_id(key): _public_pem(key) for key in keys}

    def issue(self, user: User) -> str:
        """See TokenCodec."""
        now = int(self._now())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": user.id,
            "iat": now,
            "nbf": now,
            "exp": now + self.seconds,
            "jti": str(uuid4()),
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "person": user.person,
        }
        token: str = jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"kid": self._kid, "typ": TYPE})
        return token

    def read(self, token: str) -> Access:
        """See TokenCodec."""
        if len(token) > _TOKEN_CHARACTERS_MAX:
            raise BadToken("longer than any of ours")
        try:
            header = jwt.get_unverified_header(token)
            key = self._public.get(str(header.get("kid")))
            if key is None or header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
                raise BadToken("not signed by a key of ours")
            claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=self._issuer, options=_REQUIRED)
        except JOSEError as wrong:
            raise BadToken(str(wrong)) from None
        return Access(_user(claims), float(claims["exp"]))


def _user(claims: Mapping[str, Any]) -> User:
    role, person = claims.get("role"), claims.get("person")
    if role not in ROLES:
        raise BadToken("no such role")
    return User(
        id=str(claims["sub"]),
        email=str(claims.get("email", "")),
        name=str(claims.get("name", "")),
        role=role,
        person=None if person is None else str(person),
    )


def keys_from_pem(text: str) -> list[ec.EllipticCurvePrivateKey]:
    """One or several private keys, one PEM block after the other. Raises ValueError if one isn't a P-256 key."""
    keys: list[ec.EllipticCurvePrivateKey] = []
    block: list[str] = []
    for line in text.strip().splitlines():
        block.append(line)
        if line.startswith(_END_OF_KEY):
            key = serialization.load_pem_private_key("\n".join(block).encode(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
                raise ValueError("LEADFLOW_AUTH__SIGNING_KEY must hold EC private keys on the curve P-256 (ES256)")
            keys.append(key)
            block = []
    if not keys:
        raise ValueError("LEADFLOW_AUTH__SIGNING_KEY holds no PEM block")
    return keys


def derived_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The signing key of a deployment that sets none: the same in each of its processes, as long as `secret` is."""
    number = int.from_bytes(hashlib.sha512(b"leadflow access tokens" + secret).digest(), "big")
    return ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def key_id(key: ec.EllipticCurvePrivateKey) -> str:
    """Stable name of a key, from its public half."""
    return hashlib.sha256(_public_pem(key).encode()).hexdigest()[:16]


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    encryption = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
