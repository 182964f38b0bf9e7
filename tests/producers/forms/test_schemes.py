"""Codes that stand elsewhere than in a header, public keys, and senders with several ways to sign."""

import base64
import hashlib
import hmac
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from producers.forms.schemes import SCHEMES, SignatureScheme, scheme_of
from producers.forms.signatures import WrongSignature, check_secret, verify
from tests.producers.forms.given import CASES, read
from tests.producers.forms.intaking import given

NOW = 1_772_443_870.0
URL = "https://leads.example.com/v1/intake/src_1"
JSON = {"content-type": "application/json"}
SECRET = b"11111111-2222-3333-4444-555555555555"


def attempt(scheme: SignatureScheme, secret: bytes, headers: dict[str, str], body: bytes, **more: Any) -> None:
    verify(scheme, [secret], headers, body, more.get("now", NOW), "POST", more.get("url", URL))


def refused(why: str, *given: Any, **more: Any) -> None:
    with pytest.raises(WrongSignature, match=why):
        attempt(*given, **more)


def test_a_key_in_the_body_must_be_the_sources() -> None:
    google = scheme_of("google_ads")
    attempt(google, b"gads-key", JSON, b'{"google_key": "gads-key"}')
    attempt(google, b"12345678", JSON, b'{"google_key": 12345678}')
    form = {"content-type": "application/x-www-form-urlencoded"}
    attempt(google, b"gads key", form, b"a=1&google_key=gads+key")
    for body in (b'{"google_key": "gads-kez"}', b'{"google_key": ["gads-key"]}', b'{"google_key": true}', b"{}", b"[1]", b"{"):
        with pytest.raises(WrongSignature):
            attempt(google, b"gads-key", JSON, body)
    refused("the field google_key is missing", google, b"gads-key", JSON, b'{"a": 1}')


def mailgun(token: str = "t0k", at: int = int(NOW), secret: bytes = SECRET, **signature: Any) -> bytes:
    code = hmac.new(secret, f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps({"signature": {"timestamp": str(at), "token": token, "signature": code} | signature}).encode()


def test_a_signature_in_the_body_covers_its_time_and_token() -> None:
    scheme = scheme_of("mailgun")
    attempt(scheme, SECRET, JSON, mailgun())
    refused("doesn't match", scheme, SECRET, JSON, mailgun(token="other", signature="0" * 64))
    refused("doesn't match", scheme, SECRET, JSON, mailgun(secret=b"other"))
    refused("token is missing", scheme, SECRET, JSON, mailgun(token=None))  # type: ignore[arg-type]
    refused("s old", scheme, SECRET, JSON, mailgun(at=int(NOW) - 13 * 3600))


def test_a_key_in_the_address_is_one_where_the_header_is_missing() -> None:
    scheme = scheme_of("cloudevents")
    attempt(scheme, b"ce-token-1", {}, b"{}", url=f"{URL}?a=1&access_token=ce-token-1")
    refused("doesn't match", scheme, b"ce-token-1", {}, b"{}", url=f"{URL}?access_token=guess")
    refused("header authorization is missing", scheme, b"ce-token-1", {}, b"{}")
    refused("is missing", scheme, b"ce-token-1", {}, b"{}", url=URL + "?" + "a=1&" * 200 + "access_token=ce-token-1")
    wrong = {"authorization": "Bearer guess"}
    refused("doesn't match", scheme, b"ce-token-1", wrong, b"{}", url=f"{URL}?access_token=ce-token-1")


def hubspot(body: bytes, *versions: str, wrong: str = "") -> dict[str, str]:
    at, found = str(int(NOW * 1000)), {}
    if "v1" in versions:
        found = {"x-hubspot-signature-version": "v1", "x-hubspot-signature": hashlib.sha256(SECRET + body).hexdigest()}
    if "v2" in versions:
        code = hashlib.sha256(SECRET + b"POST" + URL.encode() + body).hexdigest()
        found = {"x-hubspot-signature-version": "v2", "x-hubspot-signature": code}
    if "v3" in versions:
        code = base64.b64encode(hmac.digest(SECRET, b"POST" + URL.encode() + body + at.encode(), "sha256")).decode()
        found |= {"x-hubspot-signature-v3": code, "x-hubspot-request-timestamp": at}
    return {name: value[:-4] + "AAA=" if name == wrong else value for name, value in found.items()}


@pytest.mark.parametrize("versions", [("v1",), ("v2",), ("v3",), ("v1", "v3"), ("v2", "v3")])
def test_hubspot_signs_in_three_ways(versions: tuple[str, ...]) -> None:
    body = b'[{"objectId": 1}]'
    attempt(scheme_of("hubspot"), SECRET, hubspot(body, *versions), body)
    refused("doesn't match", scheme_of("hubspot"), SECRET, hubspot(body, *versions), body + b" ")


def test_a_wrong_newer_signature_is_not_excused_by_a_right_older_one() -> None:
    body = b"[]"
    headers = hubspot(body, "v1", "v3", wrong="x-hubspot-signature-v3")
    refused("doesn't match", scheme_of("hubspot"), SECRET, headers, body)
    of_one_version = hubspot(body, "v1") | {"x-hubspot-signature-version": "v2"}
    refused("doesn't match", scheme_of("hubspot"), SECRET, of_one_version, body)


def test_sendgrids_key_is_public_and_signs_the_bytes_with_their_line_end() -> None:
    private, scheme = ec.derive_private_key(0x1F2E3D, ec.SECP256R1()), scheme_of("sendgrid")
    key = base64.b64encode(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    body, at = b"[]\r\n", str(int(NOW))
    code = base64.b64encode(private.sign(at.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {"x-twilio-email-event-webhook-timestamp": at, "x-twilio-email-event-webhook-signature": code}
    check_secret(scheme, key)
    attempt(scheme, key, headers, body)
    refused("doesn't match", scheme, key, headers, b"[]")
    refused("public key", scheme, base64.b64encode(b"no key"), headers, body)
    refused("s old", scheme, key, headers, body, now=NOW + 301)


def test_the_vector_that_sendgrid_published_verifies() -> None:
    vector = given("sendgrid")["signature_vectors"][0]
    headers = {
        "x-twilio-email-event-webhook-timestamp": vector["timestamp"],
        "x-twilio-email-event-webhook-signature": vector["value"],
    }
    body = vector["body"].encode()
    attempt(SCHEMES["sendgrid"], vector["public_key"].encode(), headers, body, now=float(vector["timestamp"]))


def test_standard_webhooks_may_be_signed_with_a_private_key() -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    secret = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    scheme, body, at = scheme_of("standard_webhooks", secret), b'{"a": 1}', str(int(NOW))
    code = base64.b64encode(private.sign(b"m1." + at.encode() + b"." + body)).decode()
    headers = {"webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": f"v1,AAAA v1a,{code}"}
    attempt(scheme, secret.encode(), headers, body)
    refused("doesn't match", scheme, secret.encode(), headers, body + b" ")
    assert scheme_of("standard_webhooks", "whsec_x") is SCHEMES["standard_webhooks"]


def test_a_vendor_that_nobody_knows_signs_the_generic_way() -> None:
    assert scheme_of("acme") is SCHEMES["generic"]


@pytest.mark.parametrize("vendor", ["standard_webhooks", "sendgrid", "standard_webhooks_v1a"])
def test_a_secret_that_proves_nothing_is_told_before_it_is_used(vendor: str) -> None:
    with pytest.raises(WrongSignature):
        check_secret(SCHEMES[vendor], b"not base64!")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"header": "x-a", "body_field": "b"},
        {"body_field": "a", "signed": ["timestamp"], "timestamp_field": "t", "timestamp_header": "x-t"},
        {"body_field": "a", "signed": ["id"], "id_field": "t", "id_header": "x-t"},
    ],
    ids=str,
)
def test_a_scheme_says_once_where_things_stand(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SignatureScheme.model_validate(wrong)


def test_the_captured_google_request_needs_its_key() -> None:
    case = read("google_ads_lead_form")
    refused("doesn't match", scheme_of("google_ads"), b"another-key", case.headers, case.body)


def test_of_ten_thousand_forged_signatures_none_passes() -> None:
    chance, forged = random.Random(7), 0
    while forged < 10_000:
        for name in CASES:
            case, scheme = read(name), scheme_of(read(name).vendor)
            if not scheme.header or scheme.algorithm == "shared-key":
                continue
            secret = (case.signature.get("public_key") or case.signature["secret"]).encode()
            right = case.headers[scheme.header]
            for _ in range(200):
                code = bytearray(right.encode())
                # Within the code, which stands at the end; base64 ends with letters that hold fewer bits.
                code[-chance.randint(5, 40)] = chance.choice(b"0123456789abcdefABCDEF+/")
                if bytes(code) == right.encode() or code.decode().lower() == right.lower():
                    continue
                forged += 1
                with pytest.raises(WrongSignature):
                    now = case.signature.get("verify_at", NOW)
                    verify(scheme, [secret], case.headers | {scheme.header: code.decode()}, case.body, now, "POST", case.url)
