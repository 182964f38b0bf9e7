"""The whole of Leadflow under load while its processes and servers are killed, stopped and started at random moments.

LEADFLOW_FAULT_SUBMISSIONS, LEADFLOW_FAULT_KILLS and LEADFLOW_FAULT_SEED make it shorter, longer, or another one.
"""

import asyncio
import contextlib
import os
import resource
import signal
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from infra.wiring import host
from tests.faults.checking import check
from tests.faults.load import Ledger, Sender, forms
from tests.faults.quiet import Pulse, until_quiet
from tests.faults.schedule import Faults, plan
from tests.faults.stack import MEASURED, Stack, stack

pytestmark = [pytest.mark.long, pytest.mark.asyncio]

SUBMISSIONS = int(os.environ.get("LEADFLOW_FAULT_SUBMISSIONS", "20000"))
KILLS = int(os.environ.get("LEADFLOW_FAULT_KILLS", "40"))
STOPS = max(1, KILLS // 8)
SEED = int(os.environ.get("LEADFLOW_FAULT_SEED", "1"))
GAP_SECONDS = 7.0
CONCURRENCY = 64
QUIET_SECONDS_MAX = 300.0 + SUBMISSIONS / 25
OUTAGE_SECONDS = 60.0
OUTAGE_CONCURRENCY = 200
OUTAGE_FILLER_BYTES = 20_000
REFUSED_SECONDS_MAX = 12.0
"""The bounded wait for Kafka, and connecting anew before it."""
GROWTH_MIB_MAX = 64.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system() -> AsyncIterator[tuple[Stack, Ledger]]:
    async with stack() as running:
        yield running, Ledger()


def _report(title: str, lines: dict[str, object]) -> None:
    print(f"\n=== {title}\n" + "\n".join(f"  {name}: {value}" for name, value in lines.items()), flush=True)  # noqa: T201


async def test_whatever_is_killed_each_submission_counts_once(system: tuple[Stack, Ledger], tmp_path: Path) -> None:
    running, ledger = system
    faults = plan(SEED, KILLS, STOPS, GAP_SECONDS)
    seconds = sum(fault.after for fault in faults)
    pulse = Pulse(running.settings)
    watching = asyncio.create_task(pulse.run())
    started = time.monotonic()
    sender = Sender(running.source, ledger, concurrency=CONCURRENCY, rate=SUBMISSIONS / seconds)
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run(forms(SUBMISSIONS, SEED, "kill")))
        group.create_task(Faults(running).run(faults))
    sent_seconds = time.monotonic() - started
    timeline = tmp_path / "timeline.txt"
    timeline.write_text("\n".join(running.fleet.said))
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    _report(
        f"{SUBMISSIONS} submissions in {sent_seconds:.0f} s ({SUBMISSIONS / sent_seconds:.0f}/s), seed {SEED}",
        {
            "killed and stopped": dict(running.killed),
            "ready again after, s (median, most)": {
                name: (round(statistics.median(all_), 1), round(max(all_), 1)) for name, all_ in running.recoveries.items()
            },
            "read model stood still at most, s": round(pulse.longest_seconds, 1),
            "no 2xx for at most, s": round(ledger.longest_gap, 1),
            "answers": dict(ledger.answers),
            "answered after, ms (median, 99 %)": _quantiles(ledger.latencies),
            "minute by minute": timeline,
        },
    )
    await _all_is_well(running, ledger)


async def test_kafka_that_is_away_is_answered_503_at_once_in_flat_memory(system: tuple[Stack, Ledger]) -> None:
    running, ledger = system
    sender = Sender(running.source, ledger, concurrency=OUTAGE_CONCURRENCY, rate=200)
    count = max(400, SUBMISSIONS // 10)
    warm = Sender(running.source, ledger, concurrency=OUTAGE_CONCURRENCY, rate=200)
    await warm.run(forms(count, SEED, "warm", filler=OUTAGE_FILLER_BYTES))
    before = running.rss_mib("gateway")
    pid, refusals = running.servers.pid("kafka"), len(ledger.refusals)
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    sending = asyncio.create_task(sender.run(forms(count, SEED, "away", filler=OUTAGE_FILLER_BYTES)))
    most = before
    try:
        while time.monotonic() - stopped < OUTAGE_SECONDS:
            most = max(most, running.rss_mib("gateway"))
            await asyncio.sleep(0.2)
    finally:
        os.kill(pid, signal.SIGCONT)
    healed = time.monotonic()
    await sending
    refused = [refusal for refusal in ledger.refusals[refusals:] if refusal[0] < healed]
    _report(
        f"Kafka away for {OUTAGE_SECONDS:.0f} s under {OUTAGE_CONCURRENCY} senders",
        {
            "503s": len(refused),
            "answered after, ms (median, 99 %)": _quantiles([took for _, took, _ in refused]),
            "gateway's memory, MiB (before, most)": (round(before), round(most)),
            "all accepted after, s": round(time.monotonic() - healed, 1),
            "test's own memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        },
    )
    assert refused, "Kafka was away and nobody was told"
    assert all(again is not None for _, _, again in refused), "a 503 without Retry-After"
    assert max(took for _, took, _ in refused) < REFUSED_SECONDS_MAX
    assert most - before < GROWTH_MIB_MAX
    await _all_is_well(running, ledger)


async def _all_is_well(running: Stack, ledger: Ledger) -> None:
    async with host.base(running.settings, "faults") as has:
        quiet_seconds = await until_quiet(has.pool, running.settings, QUIET_SECONDS_MAX)
        started = time.monotonic()
        findings = await check(has, ledger, running.mails)
        await _probes(running, findings.wrong)
    _report(
        f"quiet after {quiet_seconds:.0f} s, checked in {time.monotonic() - started:.0f} s",
        {
            **findings.counted,
            "memory, MiB": {name: round(running.rss_mib(name)) for name in running.fleet.children},
            "ended by themselves": len([line for line in running.fleet.own_deaths if "ended with" in line]),
            **{f"  {nth}": line for nth, line in enumerate(dict.fromkeys(map(_plain, running.fleet.own_deaths)))},
        },
    )
    assert not findings.wrong, "\n".join(findings.wrong)


async def _probes(running: Stack, wrong: list[str]) -> None:
    """Ready, measured, nobody waits, and every partition has one owner."""
    owners: dict[str, int] = {}
    async with httpx2.AsyncClient(timeout=10) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            answer = await client.get(running.settings.gateway.public_url + path)
            if answer.status_code != 200:
                wrong.append(f"NOT SO: {path} is 200: {answer.status_code} {answer.text[:200]}")
        for name in MEASURED:
            text = (await client.get(f"http://127.0.0.1:{running.metrics[name]}/metrics")).text
            for line in text.splitlines():
                if line.startswith("leadflow_partition_waiting{") and not line.endswith(" 0.0"):
                    wrong.append(f"NOT SO: no partition waits: {name} {line}")
                if line.startswith("leadflow_partition_owned{"):
                    owners.setdefault(line.rpartition(" ")[0], 0)
                    owners[line.rpartition(" ")[0]] += int(float(line.rpartition(" ")[2]))
    odd = {series: count for series, count in owners.items() if count != 1}
    if odd or not owners:
        wrong.append(f"NOT SO: every partition is owned once: {odd}")


def _plain(line: str) -> str:
    """Without what differs from time to time."""
    return line.partition("; starting")[0].strip()[:300]


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds) or [0.0]
    return round(ordered[len(ordered) // 2] * 1000, 1), round(ordered[int(len(ordered) * 0.99)] * 1000, 1)
