import pytest

from infra.gateway.addresses import Addresses, bucket
from infra.settings import BadSettings, load


def seen(peer: str | None, *forwarded: str, trusted: str = "10.0.0.0/8, ::1") -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return Addresses(trusted).of({"client": None if peer is None else (peer, 1), "headers": headers})


def test_without_proxies_the_peer_is_the_sender_whatever_it_says() -> None:
    assert seen("203.0.113.7", "198.51.100.1", trusted="") == "203.0.113.7"
    assert seen("203.0.113.7", "198.51.100.1") == "203.0.113.7"


def test_a_proxy_of_ours_says_who_the_sender_is() -> None:
    assert seen("10.0.0.1", "198.51.100.1") == "198.51.100.1"
    assert seen("::1", "198.51.100.1, 10.1.1.1") == "198.51.100.1"
    assert seen("::ffff:10.0.0.1", "2001:db8::1") == "2001:db8::1"


def test_what_stands_before_the_last_stranger_is_hearsay() -> None:
    assert seen("10.0.0.1", "1.2.3.4, 198.51.100.1") == "198.51.100.1"
    assert seen("10.0.0.1", "1.2.3.4", "198.51.100.1, 10.0.0.2") == "198.51.100.1"
    assert seen("10.0.0.1", "nonsense, 10.0.0.2") == "10.0.0.2"
    assert seen("10.0.0.1", ",".join(["10.0.0.3"] * 1_000)) == "10.0.0.3"


@pytest.mark.parametrize(
    ("peer", "passed_on", "trusted", "local"),
    [
        ("127.0.0.1", None, "", True),
        ("::1", None, "", True),
        ("203.0.113.7", None, "", False),
        (None, None, "", False),
        ("127.0.0.1", "198.51.100.1", "", False),
        ("127.0.0.1", "127.0.0.1", "", False),
        ("203.0.113.7", "127.0.0.1", "10.0.0.0/8", False),
        ("10.0.0.1", "198.51.100.1", "10.0.0.0/8", False),
        ("127.0.0.1", "198.51.100.1", "127.0.0.1/32", False),
        ("127.0.0.1", None, "127.0.0.1/32", True),
        ("10.1.2.3", "127.0.0.1", "10.0.0.0/8", False),
        ("127.0.0.1", "198.51.100.1:4711", "127.0.0.1/32", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1/32", False),
        ("127.0.0.1", "", "127.0.0.1/32", False),
    ],
)
def test_what_comes_from_this_machine_is_told_from_what_a_proxy_on_it_passes_on(
    peer: str | None, passed_on: str | None, trusted: str, local: bool
) -> None:
    headers = [] if passed_on is None else [(b"x-forwarded-for", passed_on.encode())]
    scope = {"client": None if peer is None else (peer, 1), "headers": headers}
    assert Addresses(trusted).is_local(scope) is local


@pytest.mark.parametrize("trusted", ["", "127.0.0.1/32"])
@pytest.mark.parametrize(
    ("name", "value", "local"),
    [
        (b"x-forwarded-for", b"127.0.0.1", False),
        (b"x-real-ip", b"127.0.0.1", False),
        (b"forwarded", b"for=127.0.0.1", False),
        (b"user-agent", b"127.0.0.1", True),
    ],
)
def test_one_header_of_a_proxy_is_enough_not_to_be_of_this_machine(name: bytes, value: bytes, local: bool, trusted: str) -> None:
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"host", b"leads.example"), (name, value)]}
    assert Addresses(trusted).is_local(scope) is local


def test_somebody_who_has_no_address_is_unknown() -> None:
    assert seen(None) == seen("testclient") == "unknown"


def test_one_customers_network_is_one_sender() -> None:
    assert bucket("2001:db8:1:2:3:4:5:6") == bucket("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert bucket("203.0.113.7") == "203.0.113.7"
    assert bucket("unknown") == "unknown"


def test_a_proxy_that_is_no_network_is_named() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_GATEWAY__TRUSTED_PROXIES"):
        load({"LEADFLOW_GATEWAY__TRUSTED_PROXIES": "10.0.0.0/8,proxy.example"})
