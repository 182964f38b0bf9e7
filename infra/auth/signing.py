"""Keys that sign access tokens: one signs, those before it verify until their last token is over, the next one is known early.

A deployment that sets no key needs no store of keys either: the key of each period is derived, the same in every process, so
that all of them change it at the same moment. One that sets its own keys changes them by putting a new one before the old.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.backends.base import Key

ALGORITHM: Final = "ES256"
TYPE: Final = "at+jwt"
"""Of an access token (RFC 9068)."""
LEEWAY_SECONDS: Final = 5
"""How far the clocks of two processes may differ."""
DAY_SECONDS: Final = 24 * 60 * 60
_END_OF_KEY: Final = "-----END"
_COORDINATE_BYTES: Final = 32
_DERIVED_KEPT_MAX: Final = 8
# Order of the NIST P-256 group (FIPS 186-4, D.1.2.3).
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key, ready to use.

    Attributes:
        header: the first segment of every token that this key signs.
        public_jwk: what others may know of it (RFC 7517).
    """

    id: str
    private: Key
    public: Key
    header: str
    public_jwk: dict[str, str]

    @classmethod
    def of(cls, key: ec.EllipticCurvePrivateKey) -> "SigningKey":
        """From a private key on P-256."""
        point = key.public_key().public_numbers()
        known = {"kty": "EC", "crv": "P-256", "x": _coordinate(point.x), "y": _coordinate(point.y)}
        id_, private = key_id(key), jwk.construct(_pem(key), ALGORITHM)
        return cls(
            id=id_,
            private=private,
            public=jwk.construct(_public_pem(key), ALGORITHM),
            header=sign({}, private, id_).partition(".")[0],
            public_jwk={**known, "alg": ALGORITHM, "use": "sig", "kid": id_},
        )


def sign(claims: Mapping[str, Any], private: Key, key_id: str) -> str:
    """A token with these claims."""
    token: str = jwt.encode(dict(claims), private, algorithm=ALGORITHM, headers={"kid": key_id, "typ": TYPE})
    return token


class SigningKeys(Protocol):
    """Which keys there are at a moment (unix seconds)."""

    def signing(self, now: float) -> SigningKey:
        """The one that signs."""

    def verifying(self, now: float) -> Sequence[SigningKey]:
        """Those whose tokens are good."""

    def published(self, now: float) -> Sequence[SigningKey]:
        """Those that verify now or soon, for whoever keeps a copy for a while."""


class GivenKeys:
    """Implements SigningKeys over keys of the settings: the first signs, all verify."""

    def __init__(self, keys: Sequence[ec.EllipticCurvePrivateKey]) -> None:
        if not keys:
            raise ValueError("at least one signing key is needed")
        self._keys = tuple(SigningKey.of(key) for key in keys)

    def signing(self, now: float) -> SigningKey:  # noqa: ARG002 - the port's name
        """See SigningKeys."""
        return self._keys[0]

    def verifying(self, now: float) -> Sequence[SigningKey]:  # noqa: ARG002
        """See SigningKeys."""
        return self._keys

    def published(self, now: float) -> Sequence[SigningKey]:
        """See SigningKeys."""
        return self.verifying(now)


class DerivedKeys:
    """Implements SigningKeys: one key a period, out of one secret."""

    def __init__(self, secret: bytes, *, days: int, token_seconds: int) -> None:
        """A key signs for `days`, and verifies `token_seconds` longer."""
        self._secret = secret
        self._period = days * DAY_SECONDS
        self._overlap = token_seconds + LEEWAY_SECONDS
        self._known: dict[int, SigningKey] = {}

    def signing(self, now: float) -> SigningKey:
        """See SigningKeys."""
        return self._of(int(now // self._period))

    def verifying(self, now: float) -> Sequence[SigningKey]:
        """See SigningKeys. A process whose clock is ahead signs with the next key a moment too early."""
        first, last = int((now - self._overlap) // self._period), int((now + LEEWAY_SECONDS) // self._period)
        return [self._of(number) for number in range(first, last + 1)]

    def published(self, now: float) -> Sequence[SigningKey]:
        """See SigningKeys."""
        upcoming = self._of(int(now // self._period) + 1)
        found = list(self.verifying(now))
        return found if upcoming in found else [*found, upcoming]

    def _of(self, number: int) -> SigningKey:
        key = self._known.get(number)
        if key is None:
            if len(self._known) >= _DERIVED_KEPT_MAX:
                self._known.clear()
            key = self._known[number] = SigningKey.of(derived_key(self._secret + number.to_bytes(8, "big")))
        return key


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
    """A key that is the same in each process, as long as `secret` is."""
    number = int.from_bytes(hashlib.sha512(b"leadflow access tokens" + secret).digest(), "big")
    return ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def key_id(key: ec.EllipticCurvePrivateKey) -> str:
    """Stable name of a key, from its public half."""
    return hashlib.sha256(_public_pem(key).encode()).hexdigest()[:16]


def jwks(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The set as RFC 7517 writes it."""
    return {"keys": [key.public_jwk for key in keys]}


def _coordinate(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(_COORDINATE_BYTES, "big")).rstrip(b"=").decode()


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    encryption = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
