"""Whose machine sent a request: the peer, or whom a proxy of ours speaks for."""

import hmac
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from infra.observability.serving import is_local
from infra.settings import listed

UNKNOWN: Final = "unknown"
_HOPS_MAX: Final = 20
_IPV6_PREFIX: Final = 64
_SEALED_MAX: Final = 10_000
_SEALED_BYTES: Final = 16

Address = IPv4Address | IPv6Address


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """From `10.0.0.0/8, ::1`. Raises ValueError for what is no network."""
    return tuple(ip_network(part) for part in listed(text))


class Addresses:
    """`trusted` are the proxies in front of us: only what they add to X-Forwarded-For is believed."""

    def __init__(self, trusted: str = "") -> None:
        """Raises ValueError."""
        self._trusted = networks(trusted)

    def of(self, scope: MutableMapping[str, Any]) -> str:
        """The sender's address, of an ASGI scope. Never empty."""
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for") if self._trusted else b""
        return self.sender(scope.get("client"), said.decode("latin-1"))

    @staticmethod
    def is_local(scope: MutableMapping[str, Any]) -> bool:
        """Whether it comes from this very machine. What is passed on doesn't, even by a proxy of ours: that is hearsay."""
        client = scope.get("client")
        return client is not None and is_local(client[0], (name.decode("latin-1") for name, _ in scope["headers"]))

    def sender(self, client: tuple[str, int] | None, said: str) -> str:
        """The same, of the peer and of what stands in X-Forwarded-For."""
        if client is None:
            return UNKNOWN
        if not self._trusted:
            return _plain(client[0])
        peer = _parsed(client[0])
        if peer is None:
            return UNKNOWN
        return str(self._forwarded(said, peer) if self._is_ours(peer) else peer)

    def _forwarded(self, said: str, peer: Address) -> Address:
        """The last address that isn't a proxy's: everything to the left of it is hearsay."""
        for part in reversed(said.split(",")[-_HOPS_MAX:]):
            hop = _parsed(part.strip())
            if hop is None:
                return peer
            peer = hop
            if not self._is_ours(hop):
                return hop
        return peer

    def _is_ours(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=10_000)
def bucket(address: str) -> str:
    """What is counted as one sender: an IPv4 address, or an IPv6 network of /64, which is what one customer is given."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed) >> _IPV6_PREFIX << _IPV6_PREFIX, _IPV6_PREFIX)))
    return address


def sealed_bucket(secret: bytes) -> Callable[[str], str]:
    """As `bucket`, but told by nobody without the secret: what stands in Redis names no machine."""

    @lru_cache(maxsize=_SEALED_MAX)
    def sealed(address: str) -> str:
        return hmac.digest(secret, bucket(address).encode(), "sha256")[:_SEALED_BYTES].hex()

    return sealed


@lru_cache(maxsize=10_000)
def _plain(host: str) -> str:
    peer = _parsed(host)
    return UNKNOWN if peer is None else str(peer)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
