"""RFC 6238's and RFC 4226's own figures, and what people type."""

import pytest

from infra.auth import totp
from infra.auth.totp import Algorithm

SECRETS: dict[Algorithm, bytes] = {
    "sha1": b"12345678901234567890",
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
# RFC 6238, appendix B.
VECTORS: list[tuple[int, dict[Algorithm, str]]] = [
    (59, {"sha1": "94287082", "sha256": "46119246", "sha512": "90693936"}),
    (1111111109, {"sha1": "07081804", "sha256": "68084774", "sha512": "25091201"}),
    (1111111111, {"sha1": "14050471", "sha256": "67062674", "sha512": "99943326"}),
    (1234567890, {"sha1": "89005924", "sha256": "91819424", "sha512": "93441116"}),
    (2000000000, {"sha1": "69279037", "sha256": "90698825", "sha512": "38618901"}),
    (20000000000, {"sha1": "65353130", "sha256": "77737706", "sha512": "47863826"}),
]
# RFC 4226, appendix D.
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize(("at", "codes"), VECTORS)
def test_codes_are_those_of_the_rfc(at: int, codes: dict[Algorithm, str]) -> None:
    for algorithm, code in codes.items():
        assert totp.code_of(SECRETS[algorithm], totp.step_at(at), digits=8, algorithm=algorithm) == code


def test_the_algorithm_below_is_that_of_its_rfc() -> None:
    assert [totp.code_of(SECRETS["sha1"], step) for step in range(10)] == HOTP


def test_a_code_is_good_one_step_before_and_after_its_own() -> None:
    secret = SECRETS["sha1"]
    code = totp.code_of(secret, 1000)
    steps = [totp.matching_step(secret, code, step * 30) for step in range(998, 1003)]
    assert steps == [None, 1000, 1000, 1000, None]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(SECRETS["sha1"], code, 59) is None


def test_the_beginning_of_time_has_codes_too() -> None:
    assert totp.matching_step(SECRETS["sha1"], HOTP[0], 0) == 0


def test_apps_read_the_secret_from_an_address() -> None:
    assert totp.uri(SECRETS["sha1"], account="ada+x@example.com", issuer="Engines & Co") == (
        "otpauth://totp/Engines%20%26%20Co:ada%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Engines%20%26%20Co&algorithm=SHA1&digits=6&period=30"
    )
