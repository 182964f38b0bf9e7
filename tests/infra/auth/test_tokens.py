import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwt

from infra.auth.roles import User
from infra.auth.tokens import AUDIENCE, BadToken, JoseCodec, derived_key, key_id, keys_from_pem

USER = User("u1", "a@example.com", "Ada", "rep", "p1")
KEY = derived_key(b"secret")


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def codec(*keys: ec.EllipticCurvePrivateKey, now: float | None = None, issuer: str = "leadflow") -> JoseCodec:
    import time

    return JoseCodec(keys or (KEY,), issuer=issuer, seconds=900, now=(lambda: now) if now is not None else time.time)


def test_a_token_says_who_it_is_for() -> None:
    read = codec().read(codec().issue(USER))
    assert read.user == USER


def test_a_token_is_over_after_its_time_and_not_valid_before_it() -> None:
    for moment in (1_000_000.0, 4_000_000_000.0):
        with pytest.raises(BadToken):
            codec().read(codec(now=moment).issue(USER))


def test_tokens_of_other_keys_and_issuers_are_refused() -> None:
    with pytest.raises(BadToken):
        codec().read(codec(derived_key(b"other")).issue(USER))
    with pytest.raises(BadToken):
        codec().read(codec(issuer="elsewhere").issue(USER))


def test_a_new_key_signs_while_the_old_one_still_verifies() -> None:
    new = derived_key(b"new")
    both = codec(new, KEY)
    assert both.read(codec(KEY).issue(USER)).user == USER
    assert codec(new).read(both.issue(USER)).user == USER


CLAIMS = {"iss": "leadflow", "aud": AUDIENCE, "sub": "u1", "iat": 1, "nbf": 1, "exp": 4_000_000_000, "jti": "j", "role": "rep"}
HEADERS = {"kid": key_id(KEY), "typ": "at+jwt"}


@pytest.mark.parametrize("left_out", ["aud", "exp", "nbf", "sub", "role", "jti", "iss"])
def test_every_claim_is_needed(left_out: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != left_out}
    with pytest.raises(BadToken):
        codec().read(jwt.encode(claims, pem(KEY), "ES256", headers=HEADERS))
    assert codec().read(jwt.encode(CLAIMS, pem(KEY), "ES256", headers=HEADERS)).user.id == "u1"


def test_the_token_does_not_choose_the_algorithm() -> None:
    public = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    forged = jwt.encode(CLAIMS, public.hex(), "HS256", headers=HEADERS)
    none = "eyJhbGciOiJub25lIn0." + forged.split(".")[1] + "."
    refresh = jwt.encode(CLAIMS, pem(KEY), "ES256", headers={**HEADERS, "typ": "JWT"})
    for token in (forged, none, refresh, "", "a.b.c", "x" * 10_000):
        with pytest.raises(BadToken):
            codec().read(token)


def test_signing_keys_come_as_pem_blocks_of_the_right_kind() -> None:
    other = derived_key(b"other")
    assert [key_id(key) for key in keys_from_pem(pem(KEY) + pem(other))] == [key_id(KEY), key_id(other)]
    for wrong in (pem(rsa.generate_private_key(65537, 2048)), pem(ec.generate_private_key(ec.SECP384R1())), ""):
        with pytest.raises(ValueError, match="SIGNING_KEY"):
            keys_from_pem(wrong)
    with pytest.raises(ValueError, match="at least one"):
        JoseCodec([], issuer="x", seconds=60)


def test_a_derived_key_is_the_same_in_every_process() -> None:
    assert key_id(derived_key(b"x")) == key_id(derived_key(b"x")) != key_id(derived_key(b"y"))
