"""Access tokens: a small port, and python-jose behind it with everything fixed that a token could otherwise choose."""

import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import uuid4

from jose import jwt
from jose.exceptions import JOSEError

from infra.auth.roles import ROLES, User
from infra.auth.signing import ALGORITHM, LEEWAY_SECONDS, SigningKey, SigningKeys, jwks, sign
from infra.crypto.recent import Recent

AUDIENCE: Final = "leadflow-api"
VERIFIED_MAX: Final = 1_000
_TOKEN_CHARACTERS_MAX = 4_096
_NONE: Final[dict[str, Any]] = {}
_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Times are checked here, by our own clock.
_CHECKED: Final = {
    **{f"require_{claim}": True for claim in ("iss", "aud", "sub", "jti")},
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "at_hash")},
}


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

    def public_keys(self) -> dict[str, Any]:
        """What others verify tokens with: a JWK set."""


class JoseCodec:
    """ES256 only. A token's header is compared with those of our own keys and never interpreted.

    A signature that was verified is remembered for a while, since a request is looked at more than once; times and keys are not.
    """

    def __init__(self, keys: SigningKeys, *, issuer: str, seconds: int, now: Callable[[], float] = time.time) -> None:
        self.seconds = seconds
        self._keys = keys
        self._issuer = issuer
        self._now = now
        self._verified: Recent[dict[str, Any]] = Recent(VERIFIED_MAX)

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
            "sid": user.session,
        }
        key = self._keys.signing(now)
        return sign(claims, key.private, key.id)

    def read(self, token: str) -> Access:
        """See TokenCodec."""
        if len(token) > _TOKEN_CHARACTERS_MAX or _SEGMENTS.fullmatch(token) is None:
            raise BadToken("longer than any of ours, or not of its form")
        now = self._now()
        header, _, rest = token.partition(".")
        key = next((key for key in self._keys.verifying(now) if key.header == header), None)
        if key is None:
            raise BadToken("not signed by a key of ours")
        claims = self._verified.get(token, _NONE)
        if claims is _NONE:
            claims = self._verify(token, rest, key)
            self._verified.put(token, claims)
        if _moment(claims, "exp") <= now:
            raise BadToken("it is over")
        if max(_moment(claims, "nbf"), _moment(claims, "iat")) > now + LEEWAY_SECONDS:
            raise BadToken("it isn't valid yet")
        return Access(_user(claims), float(claims["exp"]))

    def _verify(self, token: str, rest: str, key: SigningKey) -> dict[str, Any]:
        if not all(_is_canonical(segment) for segment in rest.split(".")):
            raise BadToken("not written as we write")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key.public, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=self._issuer, options=dict(_CHECKED)
            )
        except JOSEError as wrong:
            raise BadToken(str(wrong)) from None
        return claims

    def public_keys(self) -> dict[str, Any]:
        """See TokenCodec."""
        return jwks(self._keys.published(self._now()))


def _is_canonical(segment: str) -> bool:
    """Whether there is no second way to write the same bytes: unused bits of the last character are zero."""
    try:
        raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        return False
    return urlsafe_b64encode(raw).rstrip(b"=").decode() == segment


def _moment(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:
        raise BadToken(f"{name} isn't a moment")
    return value


def _user(claims: Mapping[str, Any]) -> User:
    role, person, session = claims.get("role"), claims.get("person"), claims.get("sid")
    if role not in ROLES:
        raise BadToken("no such role")
    return User(
        id=str(claims["sub"]),
        email=str(claims.get("email", "")),
        name=str(claims.get("name", "")),
        role=role,
        person=None if person is None else str(person),
        session=None if session is None else str(session),
    )
