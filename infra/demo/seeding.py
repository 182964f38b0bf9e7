"""Simulated submissions -> the real intake, signed as their vendors sign; then what our people did, through the real API.

Safe to run again: the sources and the moment of the first run are remembered in `memory` (demo.json), so the same bytes are sent
to the same sources, where the intake recognises them; follow-ups carry idempotency keys and are skipped once they are through.
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from infra.demo.courier import CONCURRENCY, Courier, Made, Memory, SeedingFailed, Sleep, Summary
from infra.demo.forms import OPEN_ANSWERS, Vendor, event_id
from infra.demo.simulator import Arrival, DemoSubmission, simulate
from infra.demo.simulator import trickle as arrivals

__all__ = ["SOURCES", "SeedingFailed", "run", "seed", "send_arrivals", "sources"]

LEADS: Final = 500
TRACE_SECONDS_MAX: Final = 120.0
TRACE_PAUSE_SECONDS: Final = 0.5

SOURCES: Final[dict[str, tuple[str, Vendor, bool]]] = {
    "typeform-history": ("Typeform: demo requests (history)", "typeform", True),
    "website-history": ("Website forms (history)", "generic", True),
    "typeform": ("Typeform: demo requests", "typeform", False),
    "website": ("Website forms", "generic", False),
}
"""Key -> name, vendor, quiet. History is quiet: scored and listed, but nobody is written to about it."""

Say = Callable[[str], None]


async def run(
    base_url: str,
    memory_path: Path,
    say: Say,
    *,
    trickle: bool,
    leads: int = LEADS,
    transport: httpx2.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
    verify: ssl.SSLContext | bool = True,
) -> None:
    """The demo on a machine of one's own: log in as its admin, put the history in unless it is in, then trickle until cancelled.

    Raises SeedingFailed, httpx2.HTTPError.
    """
    async with httpx2.AsyncClient(base_url=base_url, timeout=30, transport=transport, verify=verify) as client:
        courier = Courier(client, Summary(), sleep=sleep)
        memory = Memory(memory_path)
        client.headers["authorization"] = f"Bearer {await _login(courier, memory)}"
        made = await sources(courier, memory)
        if courier.summary.sources_made or not memory.demo.get("followed_up"):
            if courier.summary.sources_made:
                memory.demo.pop("now", None)  # a server that knows none of it gets a history up to this very moment
            memory.demo["followed_up"] = False
            memory.save()
            say("Demo: the leads of half a year are coming in")
            done = await seed(client, memory_path, datetime.now(UTC), leads=leads, sleep=sleep)
            say(f"Demo: {done.accepted} submissions are in, {done.commands} follow-ups done" + _troubles(done))
        if trickle:
            say("Demo: a new lead every few seconds")
            now = datetime.now(UTC)
            await send_arrivals(courier, made, arrivals(int(now.timestamp())), lambda: datetime.now(UTC), sleep)


async def seed(
    client: httpx2.AsyncClient,
    memory_path: Path,
    now: datetime,
    *,
    random_seed: int = 7,
    days: int = 180,
    companies: int = 120,
    leads: int = LEADS,
    concurrency: int = CONCURRENCY,
    sleep: Sleep = asyncio.sleep,
) -> Summary:
    """Put the history in. `client` has the base URL and may write sources and leads; `now` counts on the first run alone.

    Raises SeedingFailed.
    """
    memory = Memory(memory_path)
    summary = Summary()
    courier = Courier(client, summary, concurrency=concurrency, sleep=sleep)
    async with _readable_failure():
        made = await sources(courier, memory)
        if summary.sources_made or "now" not in memory.demo:
            # A server that knows none of it gets a history up to this very moment.
            memory.demo |= {"seed": random_seed, "now": now.isoformat(), "followed_up": False}
            memory.save()
        then = datetime.fromisoformat(memory.demo["now"])
        history = list(simulate(memory.demo["seed"], days, companies, leads, then))
        ids = await courier.gather(courier.submit(made[f"{_source(item)}-history"], item) for item in history)
        if not memory.demo["followed_up"]:
            told = [(id_, item) for id_, item in zip(ids, history, strict=True) if id_ is not None and item.follow_up is not None]
            await courier.gather(_follow_up(courier, id_, item, sleep) for id_, item in told)
            memory.demo["followed_up"] = summary.unprocessed == 0
            memory.save()
    return summary


async def sources(courier: Courier, memory: Memory) -> dict[str, Made]:
    """The demo's sources by key, made where they are missing. Raises SeedingFailed where one's secret is not known."""
    known: dict[str, dict[str, str]] = memory.demo.setdefault("sources", {})
    listed = _checked(await courier.send("GET", "/v1/sources"), 200)["items"]
    ids, names = {item["id"] for item in listed}, {item["name"] for item in listed}
    made = {}
    for key, (name, vendor, quiet) in SOURCES.items():
        remembered = known.get(key)
        if remembered is None or remembered["id"] not in ids:
            if name in names:
                raise SeedingFailed(
                    f"the source {name!r} is there, but its secret is not in demo.json: reset, or remove the source"
                )
            asked = {"name": name, "vendor": vendor, "quiet": quiet, "signed": True, "secret": secrets.token_urlsafe(24)}
            asked["open_answers"] = list(OPEN_ANSWERS)
            answer = _checked(await courier.send("POST", "/v1/sources", json=asked), 200, 201)
            remembered = known[key] = {"id": answer["id"], "secret": answer["secret"]}
            courier.summary.sources_made += 1
            memory.save()
        made[key] = Made(**remembered)
    return made


async def send_arrivals(
    courier: Courier, made: dict[str, Made], coming: Iterable[Arrival], now: Callable[[], datetime], sleep: Sleep
) -> None:
    """The live trickle: wait, then post, until `coming` ends or the task is cancelled. A gateway that is away is waited for."""
    for arrival in coming:
        await sleep(arrival.wait_seconds)
        submission = arrival.submission(now())
        try:
            await courier.submit(made[_source(submission)], submission)
        except SeedingFailed:
            # Whoever would have written now didn't; the next one may.
            courier.summary.refused[0] = courier.summary.refused.get(0, 0) + 1


async def _login(courier: Courier, memory: Memory) -> str:
    try:
        user = memory.others["users"]["admin"]
        asked = {"email": user["email"], "password": user["password"]}
    except (KeyError, TypeError):
        raise SeedingFailed("demo.json names no admin to log in as; `leadflow up` writes it") from None
    return str(_checked(await courier.send("POST", "/v1/auth/login", json=asked), 200)["access_token"])


def _troubles(done: Summary) -> str:
    troubles = [f"{count} answered {status}" for status, count in sorted(done.refused.items())]
    if done.unprocessed:
        troubles.append(f"{done.unprocessed} not seen through in time")
    return f" ({', '.join(troubles)})" if troubles else ""


async def _follow_up(courier: Courier, submission_id: str, submission: DemoSubmission, sleep: Sleep) -> None:
    lead = await _lead_of(courier, submission_id, sleep)
    if lead is None or submission.follow_up is None:
        courier.summary.unprocessed += 1
        return
    told = submission.follow_up
    steps: list[tuple[str, dict[str, Any]]] = []
    if told.owner is not None:
        steps.append(("assign", {"owner": told.owner}))
    for nth, status in enumerate(told.statuses):
        steps.append(("status", {"status": status}))
        if nth < len(told.notes):
            steps.append(("notes", {"text": told.notes[nth]}))
    for nth, (action, body) in enumerate(steps):
        key = event_id(submission.event_id, "follow-up", nth)
        answer = await courier.send("POST", f"/v1/leads/{lead}/{action}", json=body, headers={"idempotency-key": key})
        if not answer.is_success:
            courier.summary.refused[answer.status_code] = courier.summary.refused.get(answer.status_code, 0) + 1
            continue
        courier.summary.commands += 1


async def _lead_of(courier: Courier, submission_id: str, sleep: Sleep) -> str | None:
    """Ask where it is until it has become part of a lead; None if that takes too long."""
    for _ in range(round(TRACE_SECONDS_MAX / TRACE_PAUSE_SECONDS)):
        answer = await courier.send("GET", f"/v1/submissions/{submission_id}")
        lead = answer.json().get("lead_id") if answer.is_success else None
        if lead is not None:
            return str(lead)
        await sleep(TRACE_PAUSE_SECONDS)
    return None


def _source(submission: DemoSubmission) -> str:
    return "typeform" if submission.vendor == "typeform" else "website"


def _checked(answer: httpx2.Response, *statuses: int) -> Any:
    if answer.status_code not in statuses:
        raise SeedingFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


@asynccontextmanager
async def _readable_failure() -> AsyncIterator[None]:
    """The first SeedingFailed of a group, rather than the group."""
    try:
        yield
    except BaseExceptionGroup as failures:
        # Not `except*`, which makes a group again of what is raised in it, and of one alone too before Python 3.11.3.
        first, others = failures.split(SeedingFailed)
        if first is None or others is not None:
            raise
        failure: BaseException = first
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        raise SeedingFailed(str(failure)) from None
