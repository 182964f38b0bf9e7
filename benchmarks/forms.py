"""What is posted to intake: a webhook that says everything twice, a plain form of one's own, and one body of it as `wrk` posts it.

One body is one key, so one partition, and is compressed to almost nothing, which tells on whoever gathers by size.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import orjson

from benchmarks import traffic
from benchmarks.deployment import Deployment
from infra.crypto.seal import Key
from infra.demo.forms import OPEN_ANSWERS
from producers.forms.sources import NewSource, Sources

SECRET = b"of the benchmark's sources"
_WORDS = [
    "we",
    "would",
    "like",
    "to",
    "see",
    "a",
    "demo",
    "of",
    "routing",
    "and",
    "scoring",
    "before",
    "the",
    "quarter",
    "ends",
    "since",
    "too",
    "many",
    "leads",
    "get",
    "lost",
    "on",
    "the",
    "way",
]


@dataclass(frozen=True)
class Form:
    """Bodies of one kind. `signed` gives the header that its sender would send; `path` is where peers take it."""

    name: str
    vendor: str
    path: str
    signed: Callable[[bytes], dict[str, str]]
    bodies: Sequence[bytes]

    async def source(self, made: Deployment) -> str:
        """A source that is made for it: its id."""
        sources = Sources(made.has.pool, Key("source", made.has.keyring.secret("source secrets")))
        new = NewSource("bench", self.vendor, secret=SECRET.decode(), open_answers=list(OPEN_ANSWERS))
        return (await sources.create(new, created_by="bench"))[0].id


def forms(count: int) -> list[Form]:
    """The same people through both."""
    found = traffic.submissions(count)
    flat = _flat(found)
    return [
        webhook(found),
        Form("a flat form", "generic", "/flat", _as_we_do, flat),
        Form("one body of it, again and again", "generic", "/flat", _as_we_do, flat[:1]),
    ]


def webhook(found: Sequence[traffic.Submitted]) -> Form:
    """Typeform's."""
    return Form("Typeform's webhook", traffic.VENDOR, "/intake", _as_typeform, [one.body for one in found])


def _as_typeform(body: bytes) -> dict[str, str]:
    return {"Typeform-Signature": traffic.signed(body, SECRET)}


def _as_we_do(body: bytes) -> dict[str, str]:
    return {"X-Signature-256": "sha256=" + hmac.digest(SECRET, body, "sha256").hex()}


def _flat(found: Sequence[traffic.Submitted]) -> list[bytes]:
    chance, made = Random(traffic.SEED), []
    for number, one in enumerate(found):
        at = traffic.BEGIN + timedelta(seconds=number)
        said = {
            "lead_id": f"lead-{number:08d}",
            "id": f"{chance.getrandbits(128):032x}",
            "specversion": "1.0",
            "type": "lead.submitted",
            "source": "/forms/demo",
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "seq": number,
            "email": one.parsed.email,
            "name": one.parsed.name,
            "company": one.parsed.company,
            "status": "new",
            "score": chance.randrange(101),
            "campaign": "spring",
            "message": " ".join(chance.choice(_WORDS) for _ in range(45)),
        }
        made.append(orjson.dumps(said))
    return made
