"""Many people who fill in forms, and a form server that sends until it is answered."""

import asyncio
import hashlib
import hmac
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import orjson

from tests.faults.stack import Source

ATTEMPTS_MAX = 300
REQUEST_SECONDS_MAX = 20.0
PAUSE_SECONDS_MAX = 3.0
KNOWN_SHARE = 0.20
AGAIN_SHARE = 0.05
REFUSED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Form:
    """One delivery: the bytes are the same however often it is sent."""

    event_id: str
    email: str
    consent: bool
    body: bytes


@dataclass
class Ledger:
    """What was sent and what was answered; everything is checked against it."""

    forms: dict[str, Form] = field(default_factory=dict)
    accepted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusals: list[tuple[float, float, str | None]] = field(default_factory=list)
    """(when, seconds it took, Retry-After) of every 503."""
    last_accepted: float = 0.0
    longest_gap: float = 0.0

    @property
    def people(self) -> dict[str, bool]:
        """Address -> consent."""
        return {form.email.lower(): form.consent for form in self.forms.values()}

    def accept(self, form: Form, submission_id: str) -> None:
        """A 2xx."""
        now = time.monotonic()
        if self.last_accepted:
            self.longest_gap = max(self.longest_gap, now - self.last_accepted)
        self.last_accepted = now
        self.accepted[form.event_id].append(submission_id)


def forms(count: int, seed: int, name: str, *, filler: int = 200) -> Iterator[Form]:
    """`count` deliveries: some of people seen before, some that came before. `filler` bytes make them as large as wished."""
    chance = random.Random(f"{name}/{seed}")
    people: list[tuple[str, bool]] = []
    sent: list[Form] = []
    for number in range(count):
        kind = chance.random()
        if sent and kind < AGAIN_SHARE:
            yield chance.choice(sent[-500:])
            continue
        if people and kind < AGAIN_SHARE + KNOWN_SHARE:
            email, consent = chance.choice(people)
            email = chance.choice((email, email.upper()))
        else:
            email, consent = f"{name}{len(people)}@firm{len(people) % 997}.example", chance.random() >= REFUSED_SHARE
            people.append((email, consent))
        event_id = f"{name}-{seed}-{number}"
        body = {
            "event_id": event_id,
            "form_name": "Request a demo",
            "name": f"Person {email.partition('@')[0]}",
            "email": email,
            "company": f"Firm {number % 997}",
            "consent": consent,
            "message": "x" * filler,
        }
        form = Form(event_id, email, consent, orjson.dumps(body))
        sent.append(form)
        yield form


class Sender:
    """Posts forms, `concurrency` at a time, not faster than `rate` a second."""

    def __init__(self, source: Source, ledger: Ledger, *, concurrency: int, rate: float) -> None:
        self._source, self._ledger, self._concurrency, self._rate = source, ledger, concurrency, rate
        self._started = 0

    async def run(self, wanted: Iterator[Form]) -> None:
        """Until all are accepted. Fails where one is refused for good."""
        begun = time.monotonic()
        limits = httpx2.Limits(max_connections=self._concurrency, max_keepalive_connections=self._concurrency)
        async with httpx2.AsyncClient(timeout=REQUEST_SECONDS_MAX, limits=limits) as client:

            async def work() -> None:
                for form in wanted:
                    due = begun + self._started / self._rate
                    self._started += 1
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    self._ledger.forms[form.event_id] = form
                    await self._deliver(client, form)

            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(work())

    async def _deliver(self, client: httpx2.AsyncClient, form: Form) -> None:
        digest = hmac.digest(self._source.secret.encode(), form.body, hashlib.sha256).hex()
        headers = {"content-type": "application/json", "x-signature-256": f"sha256={digest}"}
        for attempt in range(ATTEMPTS_MAX):
            pause = min(PAUSE_SECONDS_MAX, 0.1 * 2**attempt)
            started = time.monotonic()
            try:
                answer = await client.post(self._source.url, content=form.body, headers=headers)
            except httpx2.TransportError as away:
                self._ledger.answers[type(away).__name__] += 1
                await asyncio.sleep(pause)
                continue
            took = time.monotonic() - started
            self._ledger.answers[str(answer.status_code)] += 1
            if answer.is_success:
                self._ledger.latencies.append(took)
                self._ledger.accept(form, answer.headers["x-submission-id"])
                return
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:300]}"
            self._ledger.refusals.append((started, took, answer.headers.get("retry-after")))
            await asyncio.sleep(pause)
        raise AssertionError(f"{form.event_id} was not accepted in {ATTEMPTS_MAX} attempts")
