"""Around the API: every request is counted, for whoever sends it and for the address that it comes from.

One round trip to Redis a request, and every answer says how one stands: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-
ratelimit-headers), with 429 also `Retry-After`. A sender is known by a token that verifies, so nobody uses up somebody else's.
"""

import hashlib
import math
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from infra.auth import api_keys
from infra.auth.tokens import BadToken, TokenCodec
from infra.gateway.addresses import Addresses, bucket
from infra.gateway.leases import too_many
from infra.gateway.rates import Bucket, Rate, Rates, Taken
from infra.settings import Limits

Scope = MutableMapping[str, Any]

PREFIX: Final = "/v1/"
SIGN_IN: Final = frozenset({"/v1/auth/login", "/v1/auth/reset", "/v1/auth/reset/confirm"})
_BEARER: Final = b"bearer "


class Limited:
    """ASGI middleware. `bucket_of` is what Redis knows an address by."""

    def __init__(
        self,
        app: Any,
        *,
        rates: Rates,
        tokens: TokenCodec,
        addresses: Addresses,
        limits: Limits,
        bucket_of: Callable[[str], str] = bucket,
    ) -> None:
        self._app = app
        self._bucket_of = bucket_of
        self._rates = rates
        self._tokens = tokens
        self._addresses = addresses
        self._user = Rate("user", limits.user_per_minute)
        self._key = Rate("key", limits.key_per_minute)
        self._address = Rate("address", limits.address_per_minute)
        self._sign_in = Rate("sign-in", limits.sign_in_per_minute)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        taken = await self._rates.take(self._buckets(scope))
        if taken is None:
            await self._app(scope, receive, send)
            return
        said = _headers(taken)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *said]
            await send(message)

        if taken.count:
            await self._app(scope, receive, sending)
        else:
            refused = too_many(max(1, math.ceil(taken.wait_seconds)))
            await refused.response(scope["path"])(scope, receive, sending)

    def _buckets(self, scope: Scope) -> list[Bucket]:
        address = self._bucket_of(self._addresses.of(scope))
        found = [Bucket(address, self._address)]
        if scope["path"] in SIGN_IN:
            found.append(Bucket(address, self._sign_in))
        credential = _credential(scope)
        if credential.startswith(api_keys.PREFIX):
            found.append(Bucket(hashlib.sha256(credential.encode()).hexdigest()[:32], self._key))
        elif credential:
            try:
                found.append(Bucket(self._tokens.read(credential).user.id, self._user))
            except BadToken:
                return found
        return found


def _credential(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            return str(value[len(_BEARER) :].decode("latin-1")).strip()
    return ""


def _headers(taken: Taken) -> list[tuple[bytes, bytes]]:
    policies = ", ".join(f'"{level.rate.name}";q={level.rate.limit};w={level.rate.seconds}' for level in taken.levels)
    tightest = taken.tightest
    stands = f'"{tightest.rate.name}";r={tightest.remaining};t={max(1, math.ceil(tightest.wait_seconds))}'
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", stands.encode())]
