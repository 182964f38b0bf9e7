import time
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwt
from jose.utils import base64url_encode

from infra.auth.roles import User
from infra.auth.signing import DAY_SECONDS, LEEWAY_SECONDS, DerivedKeys, GivenKeys, SigningKey, derived_key, key_id, keys_from_pem
from infra.auth.tokens import AUDIENCE, BadToken, JoseCodec

USER = User("u1", "a@example.com", "Ada", "rep", "p1")
KEY = derived_key(b"secret")
OTHER = derived_key(b"other")
SECONDS = 900
FORGED = 10_000


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def codec(*keys: ec.EllipticCurvePrivateKey, now: float | None = None, issuer: str = "leadflow") -> JoseCodec:
    clock = time.time if now is None else lambda: now
    return JoseCodec(GivenKeys(keys or (KEY,)), issuer=issuer, seconds=SECONDS, now=clock)


def test_a_token_says_who_it_is_for() -> None:
    read = codec().read(codec().issue(USER))
    assert read.user == USER


def test_a_token_is_over_after_its_time_and_not_valid_before_it() -> None:
    token = codec(now=1_000_000).issue(USER)
    for moment in (1_000_000 - LEEWAY_SECONDS, 1_000_000, 1_000_000 + SECONDS - 1):
        assert codec(now=moment).read(token).user == USER
    for moment in (1_000_000 - LEEWAY_SECONDS - 1, 1_000_000 + SECONDS, 4_000_000_000):
        with pytest.raises(BadToken):
            codec(now=moment).read(token)


def test_tokens_of_other_keys_and_issuers_are_refused() -> None:
    with pytest.raises(BadToken):
        codec().read(codec(OTHER).issue(USER))
    with pytest.raises(BadToken):
        codec().read(codec(issuer="elsewhere").issue(USER))


def test_a_new_key_signs_while_the_old_one_still_verifies() -> None:
    both = codec(OTHER, KEY)
    assert both.read(codec(KEY).issue(USER)).user == USER
    assert codec(OTHER).read(both.issue(USER)).user == USER


class Periods:
    """Processes that derive their keys, at any moment."""

    def __init__(self) -> None:
        self.now = 100.0 * 30 * DAY_SECONDS + 5_000
        self.ends = 101.0 * 30 * DAY_SECONDS

    def process(self, secret: bytes = b"s") -> JoseCodec:
        return JoseCodec(
            DerivedKeys(secret, days=30, token_seconds=SECONDS), issuer="leadflow", seconds=SECONDS, now=lambda: self.now
        )

    def kids(self) -> list[str]:
        return [key["kid"] for key in self.process().public_keys()["keys"]]


def test_derived_keys_change_at_once_everywhere_and_the_old_one_verifies_until_its_last_token_is_over() -> None:
    at = Periods()
    at.now = at.ends - 1
    token = at.process().issue(USER)
    before = at.kids()
    for after in (0, 1, SECONDS - 2):
        at.now = at.ends + after
        assert at.process().read(token).user == USER
    assert token.partition(".")[0] != at.process().issue(USER).partition(".")[0]
    assert at.kids()[:2] == before, "what signs now was published before it signed"
    at.now = at.ends + SECONDS + LEEWAY_SECONDS
    assert before[0] not in at.kids()


def test_a_key_that_has_retired_signs_nothing_any_more() -> None:
    at = Periods()
    old = DerivedKeys(b"s", days=30, token_seconds=SECONDS).signing(at.now)
    at.now = at.ends + SECONDS + LEEWAY_SECONDS
    claims = {**CLAIMS, "iat": int(at.now), "nbf": int(at.now)}
    with pytest.raises(BadToken, match="key of ours"):
        at.process().read(jwt.encode(claims, old.private, "ES256", headers={"kid": old.id, "typ": "at+jwt"}))


def test_a_process_whose_clock_is_ahead_is_understood() -> None:
    at = Periods()
    at.now = at.ends + 1
    token = at.process().issue(USER)
    at.now = at.ends - 3
    assert at.process().read(token).user == USER
    at.now = at.ends - LEEWAY_SECONDS - 1
    with pytest.raises(BadToken):
        at.process().read(token)


def test_another_deployments_keys_are_not_ours() -> None:
    at = Periods()
    with pytest.raises(BadToken):
        at.process(b"theirs").read(at.process().issue(USER))


def test_published_keys_verify_our_tokens_and_tell_no_secret() -> None:
    (public,) = codec().public_keys()["keys"]
    assert public.keys() == {"kty", "crv", "x", "y", "alg", "use", "kid"}
    assert jwt.decode(codec().issue(USER), public, algorithms=["ES256"], audience=AUDIENCE)["sub"] == "u1"


CLAIMS = {"iss": "leadflow", "aud": AUDIENCE, "sub": "u1", "iat": 1, "nbf": 1, "exp": 4_000_000_000, "jti": "j", "role": "rep"}
HEADERS = {"kid": key_id(KEY), "typ": "at+jwt"}


@pytest.mark.parametrize("left_out", ["aud", "exp", "nbf", "sub", "role", "jti", "iss", "iat"])
def test_every_claim_is_needed(left_out: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != left_out}
    with pytest.raises(BadToken):
        codec().read(jwt.encode(claims, pem(KEY), "ES256", headers=HEADERS))
    assert codec().read(jwt.encode(CLAIMS, pem(KEY), "ES256", headers=HEADERS)).user.id == "u1"


@pytest.mark.parametrize("wrong", [{"exp": "4000000000"}, {"exp": True}, {"nbf": 1.5}, {"iat": 4_000_000_000}, {"role": "root"}])
def test_claims_of_the_wrong_kind_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        codec().read(forged(key=KEY, **wrong))


def forged(key: ec.EllipticCurvePrivateKey = OTHER, kid: str | None = None, **claims: Any) -> str:
    """Signed by the library itself, without its own checks."""
    from jose import jws

    return str(
        jws.sign(
            {**CLAIMS, **claims}, SigningKey.of(key).private, {"kid": kid or key_id(KEY), "typ": "at+jwt"}, algorithm="ES256"
        )
    )


def forgeries() -> Iterator[str]:
    """Every way that we know, over and over, each time another token."""
    public = KEY.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    genuine = codec().issue(USER)
    header, claims, signature = genuine.split(".")
    none = [base64url_encode(b'{"alg":"%s","typ":"at+jwt"}' % alg).decode() for alg in (b"none", b"None", b"HS256", b"")]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    now = int(time.time())
    ours, theirs = SigningKey.of(KEY), SigningKey.of(OTHER)
    for number in range(FORGED):
        at = number % len(genuine)
        other = alphabet[(alphabet.find(genuine[at]) + 1 + number % 62) % 64]
        at_signature = len(header) + len(claims) + 2 + number % len(signature)
        yield genuine[:at] + other + genuine[at + 1 :]
        swapped = alphabet[number % 64] if genuine[at_signature] != alphabet[number % 64] else alphabet[(number + 1) % 64]
        yield genuine[:at_signature] + swapped + genuine[at_signature + 1 :] + ("" if number % 2 else "A")
        yield f"{none[number % 4]}.{claims}." + ("" if number % 2 else signature)
        yield f"{header}.{claims}.{base64url_encode(number.to_bytes(64, 'big')).decode()}"
        yield jwt.encode({**CLAIMS, "jti": str(number)}, der.hex(), "HS256", headers=HEADERS)
        yield forged(jti=str(number))
        yield forged(kid=theirs.id, jti=str(number))
        yield forged(key=KEY, kid="../" + ours.id, jti=str(number))
        yield forged(key=KEY, iss=f"leadflow{number}")
        yield forged(key=KEY, aud=f"{AUDIENCE}{number}")
        yield forged(key=KEY, exp=now - number)
        yield forged(key=KEY, nbf=now + 60 + number)


def test_of_ten_thousand_forged_tokens_none_passes() -> None:
    reader = codec()
    genuine = reader.issue(USER)
    passed = []
    for token in islice(forgeries(), FORGED):
        try:
            reader.read(token)
        except BadToken:
            continue
        passed.append(token)
    assert passed == []
    assert reader.read(genuine).user == USER, "and the genuine one does"


def test_a_token_can_be_written_in_one_way_alone() -> None:
    reader = codec()
    for _, token in zip(range(20), cycle([reader.issue(USER)]), strict=False):
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".replace(token[-1], "")
        for variant in (
            *(token[:-1] + character for character in last),
            token + "=",
            token + " ",
            token + "\n",
            token[:-3] + "!" + token[-3:],
        ):
            with pytest.raises(BadToken):
                reader.read(variant)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "x" * 10_000, "é.b.c", base64url_encode(b"[" * 2_500).decode() + ".b.c"]
)
def test_nonsense_is_a_bad_token_and_nothing_worse(token: str) -> None:
    with pytest.raises(BadToken):
        codec().read(token)


def test_signing_keys_come_as_pem_blocks_of_the_right_kind() -> None:
    assert [key_id(key) for key in keys_from_pem(pem(KEY) + pem(OTHER))] == [key_id(KEY), key_id(OTHER)]
    for wrong in (pem(rsa.generate_private_key(65537, 2048)), pem(ec.generate_private_key(ec.SECP384R1())), ""):
        with pytest.raises(ValueError, match="SIGNING_KEY"):
            keys_from_pem(wrong)
    with pytest.raises(ValueError, match="at least one"):
        GivenKeys([])


def test_a_derived_key_is_the_same_in_every_process() -> None:
    assert key_id(derived_key(b"x")) == key_id(derived_key(b"x")) != key_id(derived_key(b"y"))
