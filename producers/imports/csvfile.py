"""A CSV file as people's programs write it: which encoding, which delimiter, and its records with where they stand. Pure.

The file is brought to UTF-8 with line feeds once, on its way into the sealed copy; records are then cut out of bytes, so that
reading can go on from a byte.
"""

import codecs
import csv
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final, NamedTuple

DELIMITERS: Final = (",", ";", "\t", "|")
RECORD_BYTES_MAX: Final = 256 * 1024
CELL_CHARACTERS_MAX: Final = 20_000
COLUMNS_MAX: Final = 200
_FORMULA: Final = re.compile(r"(^|[;|\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
"""Where a formula begins: at the start of a cell, or where a program that goes by another delimiter or line end sees one."""
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class BadFile(Exception):
    """It can't be taken as a CSV file; the text says why."""


class Record(NamedTuple):
    """One record. `end` is the byte after it; `reason` says why it can't be read (then there are no cells)."""

    cells: list[str]
    end: int
    reason: str | None = None


class Form(NamedTuple):
    """How a file is written. `bom` is the length of its mark in bytes."""

    encoding: str
    bom: int
    delimiter: str


def form_of(head: bytes, *, whole: bool) -> Form:
    """By the beginning of a file (all of it if `whole`). UTF-8 and UTF-16 are certain; what is neither is Windows-1252.

    Raises BadFile.
    """
    encoding, bom = _encoding(head, whole=whole)
    text = text_of(head, encoding, bom, whole=whole)
    if not text.strip():
        raise BadFile("The file is empty.")
    if "\x00" in text:
        raise BadFile("The file isn't text.")
    return Form(encoding, bom, _delimiter(text))


def _encoding(head: bytes, *, whole: bool) -> tuple[str, int]:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def text_of(head: bytes, encoding: str, bom: int, *, whole: bool) -> str:
    """The beginning as text, without a character that is cut in two; a byte that means nothing becomes U+FFFD."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head[bom:], final=whole)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str) -> str:
    """What gives most records as many cells as the header."""
    lines = text.split("\n")[:20]

    def fit(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        return sum(count == counts[0] for count in counts) if counts and counts[0] > 1 else 0, counts[0] if counts else 0

    return max(DELIMITERS, key=fit)


async def to_utf8(raw: AsyncIterator[bytes], encoding: str, bom: int) -> AsyncIterator[bytes]:
    """The whole file in UTF-8 with line feeds, without its mark and without NUL."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    skip, held = bom, ""
    async for piece in raw:
        cut = min(skip, len(piece))
        skip -= cut
        text = held + decoder.decode(piece[cut:])
        # A line feed that follows may stand in the next piece.
        held = "\r" if text.endswith("\r") else ""
        yield _plain(text.removesuffix("\r") if held else text)
    yield _plain(held + decoder.decode(b"", final=True))


def _plain(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd").encode("utf-8", "replace")


class Records:
    """Cuts records out of bytes that come piece by piece."""

    def __init__(self, delimiter: str, offset: int = 0) -> None:
        self._delimiter = delimiter
        self._offset = offset
        self._buffer = bytearray()
        self._searched = 0
        self._quotes = 0

    def feed(self, piece: bytes) -> Iterator[Record]:
        """The records that are complete now."""
        self._buffer += piece
        while True:
            found = self._buffer.find(b"\n", self._searched)
            if found < 0:
                if len(self._buffer) <= RECORD_BYTES_MAX:
                    return
                # One line that long, or a quote that is never closed: the first line is the culprit.
                first = self._buffer.find(b"\n")
                if first < 0:
                    raise BadFile(f"A line has more than {RECORD_BYTES_MAX:,} bytes.")
                yield self._cut(first + 1, "has a quote that is not closed")
                continue
            self._quotes += self._buffer.count(b'"', self._searched, found)
            self._searched = found + 1
            if self._quotes % 2 == 0:
                yield self._cut(found + 1)
            elif found > RECORD_BYTES_MAX:
                yield self._cut(self._buffer.find(b"\n") + 1, "has a quote that is not closed")

    def finish(self) -> Iterator[Record]:
        """The last record, where the file doesn't end with a line feed."""
        while self._buffer:
            open_quote = self._buffer.count(b'"') % 2 == 1
            first = self._buffer.find(b"\n") if open_quote else -1
            end = len(self._buffer) if first < 0 else first + 1
            yield self._cut(end, "has a quote that is not closed" if open_quote else None)
            yield from self.feed(b"")

    def _cut(self, length: int, reason: str | None = None) -> Record:
        line = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._offset += length
        self._searched = self._quotes = 0
        if reason is not None:
            return Record([], self._offset, reason)
        cells, reason = cells_of(line.decode("utf-8", "replace").rstrip("\n"), self._delimiter)
        return Record(cells, self._offset, reason)


def cells_of(text: str, delimiter: str) -> tuple[list[str], str | None]:
    """The cells of one record, trimmed; or why it can't be read. A blank line has none."""
    if not text.strip():
        return [], None
    try:
        rows = list(csv.reader([f"{line}\n" for line in text.split("\n")], delimiter=delimiter))
    except csv.Error:
        return [], "can't be read as CSV"
    if len(rows) != 1:
        return [], "has a quote in the middle of a cell"
    cells = [cell.strip() for cell in rows[0]]
    if len(cells) > COLUMNS_MAX:
        return [], f"has more than {COLUMNS_MAX} columns"
    if any(len(cell) > CELL_CHARACTERS_MAX for cell in cells):
        return [], f"has a cell of more than {CELL_CHARACTERS_MAX:,} characters"
    return (cells, None) if any(cells) else ([], None)


def written(rows: Sequence[Sequence[object]]) -> str:
    """CSV for people: no cell is a formula, whatever program opens it."""
    return "".join(",".join(_quoted(str(cell)) for cell in row) + "\r\n" for row in rows)


def _quoted(cell: str) -> str:
    cell = _FORMULA.sub(r"\1'", cell)
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',;|"\t\r\n') else cell
