"""`leadflow partitions|dlq|lead`: operators' tools."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import orjson
import typer
from rich.table import Column, Table

from infra.audit.store import CLI, Entry, write
from infra.cli.common import fail, out, run, settings
from infra.dead_letters import finding, repairing, repairs
from infra.dead_letters import store as letters
from infra.dead_letters.finding import Filter
from infra.gateway.values import e164
from infra.kafka.ports import Outgoing
from infra.settings import Settings
from infra.wiring import discovery, host
from infra.wiring.reapply import reapply
from infra.wiring.redrive import Change, NotRedrivable, redrive, redriver
from schemas import topics
from schemas.envelope import Envelope
from schemas.submissions import BlockLiftRequested, ErasureRequested

partitions = typer.Typer(no_args_is_help=True, help="Where every consumer and read model stands.")
dlq = typer.Typer(no_args_is_help=True, help="Records that could not be handled, kept 90 days.")
lead = typer.Typer(no_args_is_help=True, help="One lead.")

ERASE_SECONDS_MAX = 30.0
OUTCOME = """
select status, detail from leads.outcomes where command_id = $1
union all select status, coalesce(reason, '') from identity.submissions where submission_id = $1
"""
REPAIR_LOOK_SECONDS = 0.2


@partitions.command("show")
def show_partitions() -> None:
    """Positions, and which record a partition waits on."""
    table = Table("consumer", "partition", "next offset", "recorded", "waits on", "because", box=None)
    for row in run(_watermarks(settings())):
        recorded = (
            datetime.fromtimestamp(row["clock_ms"] / 1000, tz=UTC).isoformat(timespec="seconds") if row["clock_ms"] else "-"
        )
        waits = "-" if row["waiting_offset"] is None else str(row["waiting_offset"])
        because = row["waiting_reason"] or ("paused" if row["paused"] else "")
        table.add_row(row["name"], str(row["partition"]), str(row["position"]), recorded, waits, because)
    out.print(table)


async def _watermarks(given: Settings) -> list[dict[str, Any]]:
    names = [*discovery.consumer_names(), *discovery.projection_makers()]
    async with host.base(given, "cli", pool_size=1) as has:
        found: list[dict[str, Any]] = []
        for name in names:
            rows = await has.pool.fetch(f"select * from {name.replace('.', '_')}.watermarks order by partition")
            found.extend({"name": name, **dict(row)} for row in rows)
        return found


@partitions.command("waiting")
def show_waiting() -> None:
    """How many leads consumers keep waiting on purpose, and for what: such as somebody of a team to be there."""
    table = Table("consumer", "for", "leads", box=None)
    for name, waits_for, leads in run(_waiting(settings())):
        table.add_row(name, waits_for, str(leads))
    out.print(table)


async def _waiting(given: Settings) -> list[tuple[str, str, int]]:
    async with host.base(given, "cli", pool_size=1) as has:
        counts = discovery.waiting().items()
        return [(name, waits_for, leads) for name, count in counts for waits_for, leads in (await count(has.pool)).items()]


Consumer = Annotated[str, typer.Argument(help="A consumer or read model, such as scoring.")]
Number = Annotated[int | None, typer.Argument(help="Which partition; all of them if none is named.")]


@partitions.command()
def pause(consumer: Consumer, number: Number = None) -> None:
    """Decide nothing more, within two seconds, until resumed. Survives restarts."""
    _order(consumer, number, "paused = true")


@partitions.command()
def resume(consumer: Consumer, number: Number = None) -> None:
    """Go on; also after a partition was held because too many records died."""
    _order(consumer, number, "paused = false")


@partitions.command()
def skip(consumer: Consumer, number: int, offset: int) -> None:
    """Let the record that a partition waits on die: it becomes a dead letter, and can be driven again from there."""
    _order(consumer, number, "skip_offset = $2", offset)


def _order(consumer: str, number: int | None, change: str, *values: int) -> None:
    names = [*discovery.consumer_names(), *discovery.projection_makers()]
    if consumer not in names:
        fail(f"there is no consumer or read model {consumer!r}; there are: {', '.join(names)}", 2)
    schema = consumer.replace(".", "_")

    async def write() -> str:
        async with host.base(settings(), "cli", pool_size=1) as has:
            done: str = await has.pool.execute(
                f"update {schema}.watermarks set {change} where ($1::int is null or partition = $1)", number, *values
            )
            return done

    if run(write()) == "UPDATE 0":
        fail(f"{consumer} has never taken partition {number}; `leadflow partitions show` lists them", 2)
    out.print(f"{consumer}: ordered; it obeys within two seconds")


@dlq.command("list")
def list_letters(
    consumer: Annotated[str | None, typer.Option(help="One consumer's alone.")] = None,
    resolved: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """Newest first."""

    async def read() -> list[Any]:
        async with host.base(settings(), "cli", pool_size=1) as has, has.pool.acquire() as connection:
            return await letters.newest(connection, consumer=consumer, resolved=resolved, limit=limit)

    # An id is there to be copied, however narrow the terminal.
    table = Table(Column("id", no_wrap=True), "consumer", "topic", "position", "type", "kind", "reason", "since", box=None)
    for found in run(read()):
        position = f"{found.partition}-{found.offset}"
        since = found.created_at.isoformat(timespec="seconds")
        table.add_row(
            str(found.id), found.consumer, found.topic, position, found.event_type or "-", found.kind, found.reason, since
        )
    out.print(table)


@dlq.command("show")
def show_letter(letter: UUID) -> None:
    """A letter with its record, opened: for eyes that may see it."""

    async def read() -> Any:
        async with host.base(settings(), "cli", pool_size=1) as has, has.pool.acquire() as connection:
            return await letters.show(connection, letter, has.keyring)

    found = run(read())
    if found is None:
        fail(f"there is no dead letter {letter}", 2)
    about, record = found
    out.print(f"{about.consumer}: {about.kind}: {about.reason}", soft_wrap=True)
    for name, value in record.headers:
        out.print(f"{name}: {value.decode('utf-8', 'replace')}", soft_wrap=True)
    out.print(record.value.decode("utf-8", "replace"), soft_wrap=True)


@dlq.command("groups")
def list_groups() -> None:
    """What is open, by cause, the most frequent first; an id of each, to show or redrive."""

    async def read() -> list[tuple[Any, UUID]]:
        async with host.base(settings(), "cli", pool_size=1) as has:
            return [(cause, letter) for cause in await finding.causes(has.pool, Filter()) for letter in await _some(has, cause)]

    table = Table("count", "consumer", "kind", "reason", Column("one of them", no_wrap=True), box=None)
    for cause, letter in run(read()):
        table.add_row(str(cause.count), cause.consumer, cause.kind, cause.reason, str(letter))
    out.print(table)


async def _some(has: host.Base, cause: Any) -> list[UUID]:
    found = await finding.page(has.pool, Filter(cause.consumer, None, cause.kind, cause.reason), limit=1)
    return [letter.id for letter in found]


@dlq.command("redrive")
def redrive_letter(
    letter: UUID,
    value: Annotated[typer.FileBinaryRead | None, typer.Option("--value", help="File with the repaired JSON body.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="TARGET=PATH", help="Read what a form sent anew, as email=data.mail; again for each field."
        ),
    ] = None,
    group: Annotated[bool, typer.Option("--group", help="All that died of the same cause, 10,000 at most.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would come out of a few; send nothing.")] = False,
) -> None:
    """Send a submission or a command again, repaired by a file or a mapping; refold a lead for a dead letter of the log."""
    if value is not None and (mapping or group):
        fail("--value is for one letter, and beside no --map", 2)
    change = Change(None if value is None else value.read(), None, _mapping(mapping) if mapping else None)

    async def work() -> None:
        async with host.base(settings(), "cli", pool_size=2) as has:
            wanted = await _wanted(has, letter, group=group)
            if preview:
                _say_tried(await repairing.tried(redriver(has), wanted, change))
            elif group:
                await _redrive_all(has, wanted, change)
            else:
                out.print(await redrive(has, letter, change), soft_wrap=True)
                await write(has.pool, Entry(CLI, "redrive_letter", f"letters/{letter}"))

    try:
        run(work())
    except NotRedrivable as refused:
        fail(str(refused), 2)


def _mapping(said: list[str]) -> dict[str, str]:
    pairs = [(target.strip(), path.strip()) for target, _, path in (one.partition("=") for one in said)]
    if any(not target or not path for target, path in pairs):
        fail("--map wants TARGET=PATH, such as email=data.mail", 2)
    return dict(pairs)


async def _wanted(has: host.Base, letter: UUID, *, group: bool) -> Filter:
    found = await finding.one(has.pool, letter)
    if found is None:
        raise NotRedrivable(f"there is no dead letter {letter}")
    return Filter(found.consumer, None, found.kind, found.reason) if group else Filter(ids=(letter,), settled=True)


def _say_tried(tried: list[repairing.Tried]) -> None:
    for one in tried:
        found = one.body if one.fields is None else one.fields
        said = one.error or orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
        out.print(f"{one.id}: {said}", soft_wrap=True, markup=False)


async def _redrive_all(has: host.Base, wanted: Filter, change: Change) -> None:
    """Here and now, beside whatever worker there is."""
    id_ = await repairs.begin(has.pool, has.keyring, wanted, change, CLI)
    if id_ is None:
        raise NotRedrivable("none of these is open, or they are being driven again already")
    while (repair := await repairs.one(has.pool, id_)) is not None and repair.state == "running":
        out.print(f"{repair.redriven + repair.refused} of {repair.total}", soft_wrap=True)
        if not await repairing.work_once(redriver(has), asyncio.Event()):
            await asyncio.sleep(REPAIR_LOOK_SECONDS)
    if repair is not None:
        out.print(f"{repair.redriven} published again, {repair.refused} can't be repaired like this", soft_wrap=True)


@lead.command("erase")
def erase(
    lead_id: str,
    reason: Annotated[str, typer.Option(help="Why, for the ledger.")] = "asked by the person",
    actor: Annotated[str, typer.Option(help="Who asks.")] = "cli",
    block: Annotated[bool, typer.Option("--block", help="What they send later is rejected.")] = False,
) -> None:
    """Forget a person: claims and keys destroyed, rows dropped, the log told."""
    asked = ErasureRequested(lead=lead_id, command_id=str(uuid4()), actor=actor, reason=reason, block=block)
    status, detail = run(_ask(settings(), asked, Entry(CLI, "erase_lead", f"leads/{lead_id}")))
    if status == "missing":
        fail(f"there is no lead {lead_id}: nothing was erased")
    if status != "done":
        fail(f"{lead_id}: {status}: {detail}")
    out.print(f"{lead_id} is erased; the ledger has the certificate")


@lead.command("unblock")
def unblock(
    known_by: Annotated[str, typer.Argument(help="The address of who was blocked; their number where they never gave one.")],
    actor: Annotated[str, typer.Option(help="Who asks.")] = "cli",
) -> None:
    """Let in again who was erased and blocked, and has changed their mind."""
    kind: Literal["email", "phone"] = "email" if "@" in known_by else "phone"
    text = known_by if kind == "email" else e164(known_by)
    if text is None:
        fail("that is neither an address nor a number with the code of its country")

    async def ask() -> tuple[str, str]:
        async with host.base(settings(), "cli", pool_size=1) as has:
            hash_ = has.keyring.hash(kind, text)
        asked = BlockLiftRequested(kind=kind, identity=hash_, command_id=str(uuid4()), actor=actor)
        return await _ask(settings(), asked, Entry(CLI, "lift_block", ""))

    status, detail = run(ask())
    if status != "done":
        fail(f"{status}: {detail}")
    out.print("the block is lifted: what they send is a new lead")


@lead.command("reapply-erasures")
def reapply_erasures() -> None:
    """Erase again whom the log calls erased: over a restored backup. Consumers do it at each start, for what is new."""

    async def apply() -> int:
        async with host.base(settings(), "cli", pool_size=2) as has:
            return await reapply(has, everything=True)

    count = run(apply())
    out.print(f"{count} leads had come back and are erased again" if count else "every lead that the log calls erased is erased")


async def _ask(given: Settings, asked: ErasureRequested | BlockLiftRequested, entry: Entry) -> tuple[str, str]:
    """Publish, write down who asked, and wait for the outcome: (status, detail)."""
    key = str(asked.key())
    envelope = Envelope(asked.command_id, asked.TYPE, "cli", datetime.now(UTC), subject=asked.lead)
    record = Outgoing(key.encode(), envelope.headers(), orjson.dumps(asked.model_dump(mode="json")))
    async with host.base(given, "cli", pool_size=1) as has:
        await has.producer.publish(topics.SUBMISSIONS, topics.partition(key, given.kafka.partitions), record)
        await write(has.pool, entry)
        for _ in range(round(ERASE_SECONDS_MAX / 0.1)):
            row = await has.pool.fetchrow(OUTCOME, asked.command_id)
            if row is not None:
                return row["status"], row["detail"]
            await asyncio.sleep(0.1)
    return "not decided", f"not within {ERASE_SECONDS_MAX:.0f} s; is `leadflow consume` running?"
