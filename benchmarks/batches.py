"""Intake of many events a request beside our own of one a request: same signature, translation, encryption and acks."""

from collections.abc import Sequence

from benchmarks import intake
from benchmarks.deployment import Deployment, far_limits
from benchmarks.forms import forms
from benchmarks.load import request
from benchmarks.processes import Running, running
from benchmarks.results import Result, Results, Wrong
from schemas.topics import SUBMISSIONS

STAGE = "intake of {} in batches: HTTP -> acknowledged by Kafka"
EVENTS = 100
CONNECTIONS = "8"
"""As many events under way as the single ones have connections, and more."""


async def run(made: Deployment, results: Results, seconds: float, rounds: int) -> None:
    """By turns."""
    with running(far_limits(made.settings), made.logs / "batches.log", ("infra.cli", "gateway")) as server:
        await intake.listening(made.settings.gateway.port, server)
        for form in forms(intake.BODIES)[:2]:
            path, bodies, stage = f"/v1/intake/{await form.source(made)}", form.bodies, STAGE.format(form.name)
            whole = [b"\n".join(bodies[at : at + EVENTS]) for at in range(0, len(bodies), EVENTS)]
            single = [request(path, body, form.signed(body)) for body in bodies]
            batches = [request(path, body, form.signed(body), "application/x-ndjson") for body in whole]
            for _ in range(rounds):
                other = await _measured(made, results, (stage, "ours, one event a request"), server, single, 1, seconds)
                own = await _measured(
                    made, results, (stage, f"ours, {EVENTS} events a request"), server, batches, EVENTS, seconds
                )
                results.compare(own, other)


async def _measured(
    made: Deployment, results: Results, who: tuple[str, str], server: Running, posts: Sequence[bytes], events: int, seconds: float
) -> Result:
    options = ("--connections", CONNECTIONS) if events > 1 else ()
    port = made.settings.gateway.port
    await intake.load(made.logs, port, posts, "--seconds", str(intake.WARM_UP_SECONDS), *options)
    before, cpu = await intake.stored_records(made, SUBMISSIONS), server.cpu_seconds()
    answer = await intake.load(made.logs, port, posts, "--seconds", str(seconds), *options)
    spent, good = server.cpu_seconds() - cpu, answer["good"] * events
    stored = await intake.stored_records(made, SUBMISSIONS) - before
    if answer["bad"] or not 0 <= stored - good <= intake.CONNECTIONS * events:
        raise Wrong(f"{who[1]}: {good} good and {answer['bad']} bad answers, {stored} records")
    more = {"p99 ms": answer["p99_ms"]}
    return results.add(Result(*who, good / answer["seconds"], "events/s", spent / good * 1e6, more=more))
