"""Intake of many events a request beside our own of one a request: same signature, translation, encryption and acks."""

from collections.abc import Sequence

from benchmarks import intake, traffic
from benchmarks.deployment import Deployment, far_limits
from benchmarks.load import request
from benchmarks.processes import Running, running
from benchmarks.results import Result, Results, Wrong
from infra.crypto.seal import Key
from infra.demo.forms import OPEN_ANSWERS
from producers.forms.sources import NewSource, Sources
from schemas.topics import SUBMISSIONS

STAGE = "intake in batches: HTTP -> acknowledged by Kafka"
EVENTS = 100
SECRET = "of the benchmark's source"
CONNECTIONS = "8"
"""As many events under way as the single ones have connections, and more."""


async def run(made: Deployment, results: Results, seconds: float, rounds: int) -> None:
    """By turns."""
    found = traffic.submissions(intake.BODIES)
    sources = Sources(made.has.pool, Key("source", made.has.keyring.secret("source secrets")))
    new = NewSource("bench", traffic.VENDOR, secret=SECRET, open_answers=list(OPEN_ANSWERS))
    path = f"/v1/intake/{(await sources.create(new, created_by='bench'))[0].id}"
    bodies = [one.body for one in found]
    whole = [b"\n".join(bodies[at : at + EVENTS]) for at in range(0, len(bodies), EVENTS)]
    single, batches = (
        [request(path, body, {"Typeform-Signature": traffic.signed(body, SECRET.encode())}, kind) for body in many]
        for kind, many in (("application/json", bodies), ("application/x-ndjson", whole))
    )
    with running(far_limits(made.settings), made.logs / "batches.log", ("infra.cli", "gateway")) as server:
        await intake.listening(made.settings.gateway.port, server)
        for _ in range(rounds):
            other = await _measured(made, results, "ours, one event a request", server, single, 1, seconds)
            own = await _measured(made, results, f"ours, {EVENTS} events a request", server, batches, EVENTS, seconds)
            results.compare(own, other)


async def _measured(
    made: Deployment, results: Results, who: str, server: Running, posts: Sequence[bytes], events: int, seconds: float
) -> Result:
    options = ("--connections", CONNECTIONS) if events > 1 else ()
    port = made.settings.gateway.port
    await intake.load(made.logs, port, posts, "--seconds", str(intake.WARM_UP_SECONDS), *options)
    before, cpu = await intake.stored_records(made, SUBMISSIONS), server.cpu_seconds()
    answer = await intake.load(made.logs, port, posts, "--seconds", str(seconds), *options)
    spent, good = server.cpu_seconds() - cpu, answer["good"] * events
    stored = await intake.stored_records(made, SUBMISSIONS) - before
    if answer["bad"] or not 0 <= stored - good <= intake.CONNECTIONS * events:
        raise Wrong(f"{who}: {good} good and {answer['bad']} bad answers, {stored} records")
    more = {"p99 ms": answer["p99_ms"]}
    return results.add(Result(STAGE, who, good / answer["seconds"], "events/s", spent / good * 1e6, more=more))
