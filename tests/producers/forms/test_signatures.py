import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from producers.forms.schemes import scheme_of
from producers.forms.signatures import SCHEMES, SignatureScheme, WrongSignature, check_secret, verify
from tests.producers.forms.given import CASES, read

BODY = b'{"email":"a@example.com"}'
URL = "https://gateway.example.com/v1/intake/s1?x=%2Fy%3a"
SECRET = b"s3cret"
NOW = 1_772_443_870.0
PUBLIC = {"sendgrid", "standard_webhooks_v1a"}


def digest(message: bytes, key: bytes = SECRET, kind: str = "sha256") -> bytes:
    return hmac.digest(key, message, kind)


def attempt(vendor: str | SignatureScheme, headers: dict[str, str], *secrets: bytes, **changes: Any) -> None:
    scheme = SCHEMES[vendor] if isinstance(vendor, str) else vendor
    parts = {"body": BODY, "now": NOW, "method": "post", "url": URL} | changes
    verify(scheme, secrets or (SECRET,), headers, parts["body"], parts["now"], parts["method"], parts["url"])


def good(vendor: str) -> dict[str, str]:
    """A request of each scheme, signed here by hand as its documentation says."""
    seconds, millis = "1772443869", "1772443869000"
    hexed, encoded = digest(BODY).hex(), base64.b64encode(digest(BODY)).decode()
    timed = digest(seconds.encode() + b"." + BODY).hex()
    decoded = URL.replace("%2F", "/").replace("%3a", ":").encode()
    hubspot = base64.b64encode(digest(b"POST" + decoded + BODY + millis.encode())).decode()
    standard = base64.b64encode(digest(b"m1." + seconds.encode() + b"." + BODY, b"key")).decode()
    return {
        "generic": {"x-signature-256": f"sha256={hexed}"},
        "typeform": {"typeform-signature": f"sha256={encoded}"},
        "tally": {"tally-signature": encoded},
        "webflow": {
            "x-webflow-signature": digest(millis.encode() + b":" + BODY).hex(),
            "x-webflow-timestamp": millis,
        },
        "calendly": {"calendly-webhook-signature": f"t={seconds},v1={timed}"},
        "stripe": {"stripe-signature": f"t={seconds}, v0=00, v1={'0' * 64}, v1={timed}"},
        "meta_lead_ads": {"x-hub-signature-256": f"sha256={hexed}"},
        "cloudevents": {"authorization": "Bearer s3cret"},
        "meta": {"x-hub-signature-256": f"sha256={hexed.upper()}"},
        "meta_sha1": {"x-hub-signature": "sha1=" + digest(BODY, kind="sha1").hex()},
        "hubspot": {"x-hubspot-signature-v3": hubspot, "x-hubspot-request-timestamp": millis},
        "hubspot_v1": {"x-hubspot-signature": hashlib.sha256(SECRET + BODY).hexdigest()},
        "hubspot_v2": {"x-hubspot-signature": hashlib.sha256(SECRET + b"POST" + URL.encode() + BODY).hexdigest()},
        "standard_webhooks": {
            "webhook-id": "m1",
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1a,xyz v1,AAAA v1,{standard}",
        },
        "api_key": {"x-api-key": "s3cret"},
        "bearer": {"authorization": "Bearer s3cret"},
        "basic": {"authorization": "Basic " + base64.b64encode(SECRET).decode()},
    }[vendor]


def secret_of(vendor: str) -> bytes:
    return b"whsec_" + base64.b64encode(b"key") if vendor == "standard_webhooks" else SECRET


BY_HEADER = [vendor for vendor, scheme in SCHEMES.items() if scheme.header and vendor not in PUBLIC]


@pytest.mark.parametrize("vendor", BY_HEADER)
class TestEveryScheme:
    def test_takes_its_own_signature_also_while_the_secret_is_being_replaced(self, vendor: str) -> None:
        attempt(vendor, good(vendor), secret_of(vendor))
        other = base64.b64encode(b"other")
        attempt(vendor, good(vendor), other, secret_of(vendor))
        attempt(vendor, good(vendor), secret_of(vendor), other)

    def test_refuses_another_body_or_another_secret(self, vendor: str) -> None:
        if SCHEMES[vendor].algorithm != "shared-key":
            with pytest.raises(WrongSignature, match="doesn't match"):
                attempt(vendor, good(vendor), secret_of(vendor), body=BODY + b" ")
        with pytest.raises(WrongSignature, match="doesn't match"):
            attempt(vendor, good(vendor), base64.b64encode(b"other"))

    def test_refuses_a_missing_or_unreadable_header(self, vendor: str) -> None:
        header = SCHEMES[vendor].header
        with pytest.raises(WrongSignature, match=f"{header} is missing"):
            attempt(vendor, {}, secret_of(vendor))
        for odd in ("", "=", "sha256=", "v1=zz", "sha256=zz zz", "v1,é", SCHEMES[vendor].prefix + "x" * 5_000):
            with pytest.raises(WrongSignature):
                attempt(vendor, good(vendor) | {header: odd}, secret_of(vendor))

    def test_refuses_an_old_or_a_future_time_if_one_is_signed(self, vendor: str) -> None:
        if "timestamp" not in SCHEMES[vendor].signed:
            attempt(vendor, good(vendor), secret_of(vendor), now=NOW + 1e9)
            return
        with pytest.raises(WrongSignature, match="s old"):
            attempt(vendor, good(vendor), secret_of(vendor), now=NOW + 301)
        with pytest.raises(WrongSignature, match="in the future"):
            attempt(vendor, good(vendor), secret_of(vendor), now=NOW - 310)


@pytest.mark.parametrize("name", CASES)
def test_the_given_requests_verify(name: str) -> None:
    case = read(name)
    secret = (case.signature.get("public_key") or case.signature["secret"]).encode()
    scheme = scheme_of(name.removesuffix("_binary"))
    now = case.signature.get("verify_at", NOW)
    check_secret(scheme, secret)
    verify(scheme, [secret], case.headers, case.body, now, case.method, case.url)
    verify(scheme, [b"d2hhdCB3YXMgYmVmb3Jl", secret], case.headers, case.body, now, case.method, case.url)


@pytest.mark.parametrize(
    ("vendor", "method", "body", "secret", "headers", "now"),
    [
        (
            "hubspot_v1",
            "GET",
            b"{'example_field':'example_value'}",
            b"y",
            "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750",
            0,
        ),
        ("hubspot_v2", "GET", b"", b"y", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e", 0),
        (
            "hubspot_v2",
            "POST",
            b"{'example_field':'example_value'}",
            b"y",
            "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383",
            0,
        ),
    ],
)
def test_the_vectors_that_hubspot_published_verify(
    vendor: str, method: str, body: bytes, secret: bytes, headers: str, now: float
) -> None:
    client_secret = b"-".join(secret * count for count in (8, 4, 4, 4, 12))
    verify(
        SCHEMES[vendor],
        [client_secret],
        {"x-hubspot-signature": headers},
        body,
        now,
        method,
        "https://www.example.com/webhook_uri",
    )


def test_the_vectors_for_hubspot_v3_and_standard_webhooks_verify() -> None:
    verify(
        SCHEMES["hubspot"],
        [b"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"],
        {
            "x-hubspot-signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
            "x-hubspot-request-timestamp": "1693657560000",
        },
        b"{'example_field':'example_value'}",
        1693657561,
        "POST",
        "https://www.example.com/webhook_uri",
    )
    verify(
        SCHEMES["standard_webhooks"],
        [b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        1614265330,
        "POST",
        URL,
    )


@pytest.mark.parametrize("secret", [b"", b"whsec_"])
def test_an_empty_secret_proves_nothing(secret: bytes) -> None:
    vendor = "standard_webhooks" if secret else "generic"
    with pytest.raises(WrongSignature, match="empty"):
        attempt(vendor, good(vendor), secret)
    with pytest.raises(WrongSignature, match="no secret"):
        verify(SCHEMES[vendor], [], {}, BODY, NOW, "POST", URL)


def test_a_secret_that_cannot_be_decoded_is_said_to_be_so() -> None:
    with pytest.raises(WrongSignature, match="base64"):
        attempt("standard_webhooks", good("standard_webhooks"), b"whsec_\xff\xff")


@pytest.mark.parametrize("time", ["", "12a", "１７７２４４３８６９", "-5", "1" * 40])
def test_a_signed_time_must_be_a_number(time: str) -> None:
    with pytest.raises(WrongSignature, match="timestamp"):
        attempt("webflow", good("webflow") | {"x-webflow-timestamp": time})
    with pytest.raises(WrongSignature, match="timestamp"):
        attempt("stripe", {"stripe-signature": f"t={time},v1={'0' * 64}"})


def test_the_headers_that_are_signed_must_be_there() -> None:
    headers = good("standard_webhooks")
    for name in ("webhook-id", "webhook-timestamp"):
        with pytest.raises(WrongSignature, match=name):
            attempt(
                "standard_webhooks", {key: value for key, value in headers.items() if key != name}, secret_of("standard_webhooks")
            )


@pytest.mark.parametrize(
    "wrong",
    [
        {"signed": ("timestamp", "body")},
        {"timestamp_header": "x-time"},
        {"timestamp_entry": "t=", "signed": ("timestamp", "body")},
        {"signed": ("id", "body")},
        {"id_header": "x-id"},
        {"header": "X-Upper"},
        {"tolerance_seconds": 0},
        {"algorithm": "md5"},
    ],
    ids=str,
)
def test_a_scheme_that_contradicts_itself_cannot_be_configured(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SignatureScheme.model_validate({"header": "x-sig", **wrong})


def test_a_new_vendors_scheme_is_only_data() -> None:
    scheme = SignatureScheme.model_validate(
        {
            "header": "x-sig",
            "algorithm": "hmac-sha512",
            "encoding": "base64",
            "signed": ["id", "|", "body"],
            "id_header": "x-id",
            "key_encoding": "base64",
        }
    )
    code = base64.b64encode(digest(b"7|" + BODY, b"key", "sha512")).decode()
    attempt(scheme, {"x-sig": code, "x-id": "7"}, base64.b64encode(b"key"))


def test_a_body_that_was_gone_on_with_is_refused_whatever_it_is_called() -> None:
    body = BODY + b"\x80" + bytes(20) + b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--"
    headers = {
        "x-hubspot-signature": hashlib.sha256(SECRET + body).hexdigest(),
        "content-type": "multipart/form-data; boundary=b",
    }
    with pytest.raises(WrongSignature, match="JSON"):
        verify(SCHEMES["hubspot_v1"], [SECRET], headers, body, 0.0, "POST", URL)


def test_a_digest_of_the_body_alone_is_no_scheme() -> None:
    with pytest.raises(ValueError, match="proves nothing"):
        SignatureScheme(header="x", algorithm="sha256")


@pytest.mark.parametrize(
    ("prefix", "secrets", "code"),
    [
        ("clé=", (b"secret",), "abc"),
        ("", (b"",), ""),
        ("sha256=", (b"secret",), "sha256=é"),
        ("sha256=", (b"secret",), ""),
        ("sha256=", (b"secret",), digest(b"{}", b"secret").hex()),
        ("", (b"secret",), digest(b"{}", b"").hex()),
    ],
)
def test_what_is_not_ordinary_is_refused_all_the_same(prefix: str, secrets: tuple[bytes, ...], code: str) -> None:
    with pytest.raises(WrongSignature):
        verify(SignatureScheme(header="x-sig", prefix=prefix), secrets, {"x-sig": code}, b"{}", 0.0, "POST", "")


@pytest.mark.parametrize("write", [bytes.hex, lambda code: code.hex().upper(), lambda code: f" {code.hex()} "])
def test_however_hex_is_written(write: Callable[[bytes], str]) -> None:
    code = write(digest(b"{}", b"second"))
    verify(SignatureScheme(header="x-sig"), (b"first", b"second"), {"x-sig": code}, b"{}", 0.0, "POST", "")
