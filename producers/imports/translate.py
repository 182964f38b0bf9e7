"""The beginning of a file -> what it is taken for: columns, rows, what each column probably means. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from producers.imports.csvfile import BadFile, Form, Records, form_of, text_of
from producers.imports.ports import Rows

HEAD_BYTES: Final = 256 * 1024
ROWS_SHOWN: Final = 20
HEADING_CHARACTERS_MAX: Final = 200


class Preview(NamedTuple):
    """`mapping` is by column, None: ignored. `problems` is by column."""

    form: Form
    header: list[str]
    rows: list[list[str]]
    mapping: dict[str, str | None]
    problems: dict[str, list[str]]


def preview(head: bytes, size: int, rows: Rows) -> Preview:
    """Raises BadFile."""
    whole = len(head) >= size
    form = form_of(head, whole=whole)
    reader = Records(form.delimiter)
    found = list(reader.feed(text_of(head, form.encoding, form.bom, whole=whole).encode()))
    if whole:
        found += list(reader.finish())
    filled = [record for record in found if record.cells or record.reason]
    if not filled or filled[0].reason:
        raise BadFile("The first line, which names the columns, can't be read.")
    header = headings(filled[0].cells)
    shown = [record.cells for record in filled[1:] if record.cells][:ROWS_SHOWN]
    if not shown:
        raise BadFile("The file has no row below the names of the columns.")
    mapping = proposed(header, rows)
    return Preview(form, header, shown, mapping, problems(header, shown, mapping, rows))


def headings(cells: Sequence[str]) -> list[str]:
    """A name for each column, no two alike."""
    found: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell[:HEADING_CHARACTERS_MAX] or f"column {number}"
        found.append(name if name not in found else f"{name} ({number})")
    return found


def proposed(header: Sequence[str], rows: Rows) -> dict[str, str | None]:
    """A target for each column; a second column for one target becomes a question of its own."""
    mapping: dict[str, str | None] = {}
    for column in header:
        target = rows.proposed(column)
        mapping[column] = target if target and target not in mapping.values() else f"answers.{column}"
    return mapping


def problems(
    header: Sequence[str], shown: Sequence[Sequence[str]], mapping: dict[str, str | None], rows: Rows
) -> dict[str, list[str]]:
    """What a person should look at, by column; values aren't quoted."""
    found: dict[str, list[str]] = {}
    wrong: dict[str, int] = {}
    for cells in shown:
        for name, _ in rows.read(values(header, cells, mapping))[1]:
            wrong[name] = wrong.get(name, 0) + 1
    for column, target in mapping.items():
        if target is not None and target in wrong:
            found[column] = [f"can't be read as {target} in {wrong[target]} of the first {len(shown)} rows"]
        elif all(not cell_of(header, cells, column) for cells in shown):
            found[column] = ["is empty in the rows shown"]
    return found


def values(header: Sequence[str], cells: Sequence[str], mapping: dict[str, str | None]) -> dict[str, str]:
    """A row's values by target, without blanks."""
    pairs = [(mapping.get(column), cell) for column, cell in zip(header, cells, strict=False)]
    return {target: cell for target, cell in pairs if cell and target is not None}


def cell_of(header: Sequence[str], cells: Sequence[str], column: str) -> str:
    """Blank where the row is too short."""
    index = header.index(column)
    return cells[index] if index < len(cells) else ""
