"""`leadflow replay` and `leadflow rebuild`: analysts' tools."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from infra.cli.common import fail, out, run, settings
from infra.kafka.batch import decode
from infra.kafka.ports import Range, Reader, Record, from_ms
from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import discovery, host
from replay.rebuild import Rebuild, RebuildFailed, Rebuilt
from schemas.envelope import BadEnvelope, Envelope
from schemas.topics import CATALOGUE, EVENTS

app = typer.Typer(invoke_without_command=True, help="Read a topic as it is, as NDJSON. Personal data stays sealed.")


@app.callback()
def replay(
    topic: Annotated[str, typer.Option(help="Which topic.")] = EVENTS.name,
    from_: Annotated[str | None, typer.Option("--from", help="ISO 8601 recorded time, or an offset; else the beginning.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="End (not included); else what is there now.")] = None,
    tail: Annotated[bool, typer.Option("--tail", help="Go on for ever; without --from, with what is new.")] = False,
    lead: Annotated[str | None, typer.Option(help="One lead alone.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Types that match this regular expression.")] = None,
    limit: Annotated[int | None, typer.Option(help="Stop after so many records.", min=1)] = None,
) -> None:
    """Print records as NDJSON: position, envelope, body."""
    known = CATALOGUE.get(topic)
    if known is None:
        fail(f"there is no topic {topic!r}; there are: {', '.join(CATALOGUE)}", 2)
    try:
        wanted = re.compile(type_ or "")
    except re.error as broken:
        fail(f"--type: {broken}", 2)

    async def print_all() -> None:
        count = 0
        async with reader(settings().kafka, known) as log:
            async for record in _records(log, from_, to, tail):
                line = _line(record)
                if (lead is None or line.get("lead") == lead) and wanted.search(line.get("type") or ""):
                    typer.echo(orjson.dumps(line))
                    count += 1
                    if count == limit:
                        return

    try:
        run(print_all())
    except KeyboardInterrupt:
        return


async def _records(log: Reader, start: str | None, end: str | None, tail: bool) -> AsyncIterator[Record]:
    if start is None:
        starts = await (log.ends() if tail else log.beginnings())
    else:
        starts = await _offsets(log, start, "--from")
    ends: dict[int, int] | None = None if tail else await log.ends()
    if end is not None:
        until = await _offsets(log, end, "--to")
        # Without --tail nobody waits for an offset that is not there yet.
        ends = until if ends is None else {number: min(until[number], ends[number]) for number in log.numbers}
    ranges = {number: Range(starts[number], None if ends is None else ends[number]) for number in log.numbers}
    async for batch in log.read(ranges):
        for record in batch:
            yield record


async def _offsets(log: Reader, text: str, option: str) -> dict[int, int]:
    if text.isdigit():
        return dict.fromkeys(log.numbers, int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} must be an ISO 8601 time such as 2026-11-22T10:00:00Z, or an offset, not {text!r}", 2)
    return await log.at(moment.astimezone())


def _line(record: Record) -> dict[str, Any]:
    line: dict[str, Any] = {
        "partition": record.partition,
        "offset": record.offset,
        "recorded_at": from_ms(record.recorded_ms).isoformat(),
    }
    try:
        envelope = Envelope.read(record.headers)
        line |= {
            "id": envelope.id,
            "type": envelope.type,
            "source": envelope.source,
            "lead": envelope.subject,
            "occurred_at": envelope.occurred_at.isoformat(),
            "origin": envelope.origin,
            "sequence": None if envelope.sequence is None else str(envelope.sequence),
        }
        decode(envelope.type, record.value)
        line["body"] = orjson.loads(record.value)
    except (BadEnvelope, ValueError) as unreadable:
        line["unreadable"] = type(unreadable).__name__
    return line


def rebuild(
    name: Annotated[str, typer.Argument(help="Which read model, such as lead_list.")],
    check: Annotated[bool, typer.Option("--check", help="Build and compare, but leave the live one.")] = False,
) -> None:
    """Build a read model anew from the log beside the live one, and switch to it."""
    makers = discovery.projection_models()
    if name not in makers:
        fail(f"there is no read model {name!r}; there are: {', '.join(makers)}", 2)
    try:
        done = run(_rebuild(settings(), name, check))
    except RebuildFailed as failed:
        fail(str(failed))
    rate = done.records / done.seconds if done.seconds else 0.0
    out.print(f"{name}: {done.records:,} records in {done.seconds:.1f} s ({rate:,.0f}/s)")
    if done.skipped:
        out.print(f"{done.skipped} records could not be applied; `leadflow dlq list` has them")
    out.print("equal to the live one" if not done.differences else f"differs from the live one in: {', '.join(done.differences)}")
    if check and done.differences:
        raise typer.Exit(1)


async def _rebuild(given: Settings, name: str, check: bool) -> Rebuilt:
    declare, create = discovery.projection_models()[name]
    async with host.base(given, "rebuild", pool_size=8) as has:
        work = Rebuild(has.pool, given.kafka, has.keyring, declare, create, out.print)
        return await work.run(switch=not check)
