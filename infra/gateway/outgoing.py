"""Asking other servers over HTTP, trusting neither the address nor the answer.

A name is resolved here, every address that it stands for is checked, and the connection goes to one that was checked: what the
name means a moment later changes nothing. No redirect is followed, no proxy of the environment used, time and size are bounded.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx2

BYTES_MAX: Final = 1024 * 1024
URL_CHARACTERS_MAX: Final = 4_096
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NOBODYS: Final = tuple(ipaddress.ip_network(one) for one in ("64:ff9b:1::/48", "3fff::/20", "192.88.99.0/24"))
"""What some versions of the standard library still take for the open internet: local NAT64, documentation, 6to4 relays."""
_PORTS: Final = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to its addresses. Raises OSError."""


class Refused(Exception):
    """We don't ask there, whatever it is."""


class NoAnswer(Exception):
    """It could not be asked, or did not answer within bounds. Trying again may help."""


class Answer(NamedTuple):
    """Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outgoing:
    """`async with` closes it. `allowed` are `host:port` that may be private and may do without TLS, for tests and proxies."""

    def __init__(
        self,
        *,
        allowed: Sequence[str] = (),
        seconds: float = 10.0,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._allowed = frozenset(allowed)
        self._seconds = seconds
        self._resolve = resolve or _resolve
        # A connection that is kept would serve another name of the same address.
        unshared = httpx2.Limits(max_connections=20, max_keepalive_connections=0)
        transport = httpx2.AsyncHTTPTransport(verify=tls or ssl.create_default_context(), trust_env=False, limits=unshared)
        self._client = httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False, timeout=seconds)

    async def __aenter__(self) -> "Outgoing":
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        await self._client.aclose()

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The answer, whatever its status. Raises Refused and NoAnswer."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._get(url, headers)
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._seconds:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            # What these say may hold the address, and with it somebody's id.
            raise NoAnswer(f"the connection failed: {type(error).__name__}") from None

    async def _get(self, url: str, headers: Mapping[str, str]) -> Answer:
        parts, host, port = self._checked(url)
        address = await self._address(host, port)
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        pinned = urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))
        named = host if port == _PORTS[parts.scheme] else f"{host}:{port}"
        sent = {"Accept": "application/json", "User-Agent": "Leadflow", **headers, "Host": named, "Accept-Encoding": "identity"}
        told = {"sni_hostname": host}
        async with self._client.stream("GET", pinned, headers=sent, extensions=told) as answer:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise NoAnswer("the answer is compressed, which nobody asked for")
            chunks, size = [], 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > BYTES_MAX:
                    raise NoAnswer(f"the answer has more than {BYTES_MAX:,} bytes")
                chunks.append(chunk)
            return Answer(answer.status_code, dict(answer.headers), b"".join(chunks))

    def _checked(self, url: str) -> tuple[SplitResult, str, int]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            raise Refused("the address can't be read") from None
        if not host or len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise Refused("the address can't be read")
        if parts.username is not None or parts.password is not None:
            raise Refused("the address holds a user or a password")
        if parts.scheme != "https" and not (parts.scheme == "http" and f"{host}:{port}" in self._allowed):
            raise Refused("the address isn't https")
        return parts, host, port

    async def _address(self, host: str, port: int) -> str:
        found = await self._resolve(host, port)
        if not found:
            raise NoAnswer("the name stands for no address")
        if f"{host}:{port}" not in self._allowed and not all(is_public(address) for address in found):
            raise Refused("the name stands for an address that isn't public")
        return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet's, and hides no other one in it."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        hides = ip.ipv4_mapped is not None or ip.sixtofour is not None or ip.teredo is not None or ip in _NAT64
        if hides or ip.scope_id is not None or ip.is_site_local:
            return False
    if any(ip in network for network in _NOBODYS):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local)


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]
