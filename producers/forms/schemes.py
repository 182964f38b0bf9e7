"""How senders sign, as data: a new vendor's scheme is a row, not code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SignatureScheme(BaseModel):
    """How one sender signs.

    The code stands in the header `header`, or at `body_field` of the body (dotted), or in the `query_parameter` of the address.
    `signed` is what goes into the digest, joined: the words body, timestamp, id, method, uri and secret stand for
    what they name, anything else for itself. `separator` splits a header that lists several entries, of which those
    starting with `prefix` count; `timestamp_entry` is then the prefix of the entry with the time (`t=`).
    `otherwise` are the sender's other ways: the first of them whose code is there and whose `marked_by` header (name, value) is
    sent decides where this one's code is missing. A code that is there and wrong is never excused by another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: Annotated[str, Field(pattern=r"^[a-z0-9_-]*$", max_length=100, description="Lower-case header name")] = ""
    body_field: Annotated[str, Field(max_length=100)] = ""
    query_parameter: Annotated[str, Field(max_length=100)] = ""
    algorithm: Literal["hmac-sha1", "hmac-sha256", "hmac-sha512", "sha256", "shared-key", "ecdsa-sha256", "ed25519"] = (
        "hmac-sha256"
    )
    encoding: Literal["hex", "base64", "plain"] = "hex"
    prefix: Annotated[str, Field(max_length=50)] = ""
    separator: Annotated[str, Field(max_length=1)] = ""
    signed: Annotated[tuple[str, ...], Field(min_length=1, max_length=10)] = ("body",)
    timestamp_header: str | None = None
    timestamp_entry: str | None = None
    timestamp_field: str | None = None
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300
    id_header: str | None = None
    id_field: str | None = None
    key_encoding: Literal["plain", "base64", "whsec", "whpk"] = "plain"
    decodes_uri: bool = False
    marked_by: tuple[str, str] | None = None
    otherwise: Annotated[tuple["SignatureScheme", ...], Field(max_length=4)] = ()

    @model_validator(mode="after")
    def _what_is_signed_has_a_source(self) -> Self:
        if sum(bool(place) for place in (self.header, self.body_field, self.query_parameter)) != 1:
            raise ValueError("say with one of header, body_field and query_parameter where the code stands")
        if self.algorithm == "sha256" and "secret" not in self.signed:
            raise ValueError("a bare sha256 proves nothing: `signed` must have the secret in it")
        timed = [place for place in (self.timestamp_header, self.timestamp_entry, self.timestamp_field) if place is not None]
        if bool(timed) != ("timestamp" in self.signed) or len(timed) > 1:
            raise ValueError("a timestamp is signed if and only if timestamp_header or timestamp_entry says where it is")
        if self.timestamp_entry is not None and not self.separator:
            raise ValueError("a timestamp_entry needs the separator of the header's entries")
        named = [place for place in (self.id_header, self.id_field) if place is not None]
        if ("id" in self.signed) != (len(named) == 1):
            raise ValueError("an id is signed if and only if id_header says where it is")
        return self

    @property
    def ordinary(self) -> str | None:
        """The digest of a scheme that signs the body and nothing else, with one code in a header; None for all others."""
        plain = self.header and self.signed == ("body",) and not self.separator and self.key_encoding == "plain"
        if not plain or self.encoding == "plain" or not self.prefix.isascii() or not self.algorithm.startswith("hmac-"):
            return None
        return self.algorithm.removeprefix("hmac-")

    @property
    def place(self) -> str:
        """Where the code stands, for people."""
        if self.header:
            return f"the header {self.header}"
        return f"the field {self.body_field}" if self.body_field else f"the query parameter {self.query_parameter}"


_HUBSPOT_V1: Final = SignatureScheme(header="x-hubspot-signature", algorithm="sha256", signed=("secret", "body"))
_HUBSPOT_V2: Final = _HUBSPOT_V1.model_copy(update={"signed": ("secret", "method", "uri", "body")})
_VERSION: Final = "x-hubspot-signature-version"
_META: Final = SignatureScheme(header="x-hub-signature-256", prefix="sha256=")
_BEARER: Final = SignatureScheme(header="authorization", algorithm="shared-key", encoding="plain", prefix="Bearer ")
_GOOGLE_ADS: Final = SignatureScheme(body_field="google_key", algorithm="shared-key", encoding="plain")
_STANDARD: Final = SignatureScheme(
    header="webhook-signature",
    separator=" ",
    prefix="v1,",
    encoding="base64",
    signed=("id", ".", "timestamp", ".", "body"),
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    key_encoding="whsec",
)

SCHEMES: Final[Mapping[str, SignatureScheme]] = MappingProxyType(
    {
        "generic": SignatureScheme(header="x-signature-256", prefix="sha256="),
        "typeform": SignatureScheme(header="typeform-signature", prefix="sha256=", encoding="base64"),
        "tally": SignatureScheme(header="tally-signature", encoding="base64"),
        "webflow": SignatureScheme(
            header="x-webflow-signature",
            signed=("timestamp", ":", "body"),
            timestamp_header="x-webflow-timestamp",
            timestamp_unit="ms",
        ),
        "calendly": SignatureScheme(
            header="calendly-webhook-signature",
            separator=",",
            prefix="v1=",
            timestamp_entry="t=",
            signed=("timestamp", ".", "body"),
            tolerance_seconds=180,
        ),
        "meta": _META,
        "meta_lead_ads": _META,
        "meta_sha1": SignatureScheme(header="x-hub-signature", algorithm="hmac-sha1", prefix="sha1="),
        "google_ads": _GOOGLE_ADS,
        "google_ads_lead_form": _GOOGLE_ADS,
        "hubspot": SignatureScheme(
            header="x-hubspot-signature-v3",
            encoding="base64",
            signed=("method", "uri", "body", "timestamp"),
            timestamp_header="x-hubspot-request-timestamp",
            timestamp_unit="ms",
            decodes_uri=True,
            otherwise=(
                _HUBSPOT_V2.model_copy(update={"marked_by": (_VERSION, "v2")}),
                _HUBSPOT_V1,
            ),
        ),
        "hubspot_v1": _HUBSPOT_V1,
        "hubspot_v2": _HUBSPOT_V2,
        "standard_webhooks": _STANDARD,
        # The secret is the sender's public key, `whpk_...`.
        "standard_webhooks_v1a": _STANDARD.model_copy(
            update={"prefix": "v1a,", "algorithm": "ed25519", "key_encoding": "whpk"},
        ),
        "cloudevents": _BEARER.model_copy(
            update={
                "otherwise": (SignatureScheme(query_parameter="access_token", algorithm="shared-key", encoding="plain"),),
            },
        ),
        # What happened is not signed, so a token is only good once; Mailgun tries for eight hours.
        "mailgun": SignatureScheme(
            body_field="signature.signature",
            signed=("timestamp", "id"),
            timestamp_field="signature.timestamp",
            id_field="signature.token",
            tolerance_seconds=12 * 60 * 60,
        ),
        # The secret is the verification key that SendGrid shows.
        "sendgrid": SignatureScheme(
            header="x-twilio-email-event-webhook-signature",
            algorithm="ecdsa-sha256",
            encoding="base64",
            signed=("timestamp", "body"),
            timestamp_header="x-twilio-email-event-webhook-timestamp",
            key_encoding="base64",
        ),
        "stripe": SignatureScheme(
            header="stripe-signature",
            separator=",",
            prefix="v1=",
            timestamp_entry="t=",
            signed=("timestamp", ".", "body"),
        ),
        "api_key": SignatureScheme(header="x-api-key", algorithm="shared-key", encoding="plain"),
        "bearer": _BEARER,
        # The secret is "user:password".
        "basic": SignatureScheme(header="authorization", algorithm="shared-key", encoding="base64", prefix="Basic "),
    }
)


def scheme_of(vendor: str, secret: str | None = None) -> SignatureScheme:
    """How a vendor is known to sign, or the generic way where nothing is known. Some have another with another kind of secret."""
    if vendor == "standard_webhooks" and secret is not None and secret.startswith("whpk_"):
        vendor = "standard_webhooks_v1a"
    return SCHEMES.get(vendor, SCHEMES["generic"])
