"""CSV as people's programs write it."""

import csv
import io
from collections.abc import AsyncIterator

import pytest

from producers.imports.csvfile import RECORD_BYTES_MAX, BadFile, Record, Records, form_of, to_utf8, written

UMLAUTS = "Name;Ort\nJörg Müßig;Köln\n"


def records(data: bytes, size: int = 7, *, delimiter: str = ",", offset: int = 0) -> list[Record]:
    reader = Records(delimiter, offset)
    found = [record for at in range(0, len(data), size) for record in reader.feed(data[at : at + size])]
    return [*found, *reader.finish()]


@pytest.mark.parametrize(
    ("data", "encoding", "bom"),
    [
        (UMLAUTS.encode(), "utf-8", 0),
        (UMLAUTS.encode("utf-8-sig"), "utf-8", 3),
        (UMLAUTS.encode("utf-16"), "utf-16-le", 2),
        (b"\xfe\xff" + UMLAUTS.encode("utf-16-be"), "utf-16-be", 2),
        (UMLAUTS.encode("cp1252"), "cp1252", 0),
    ],
)
def test_encodings_are_told_apart(data: bytes, encoding: str, bom: int) -> None:
    form = form_of(data, whole=True)
    assert (form.encoding, form.bom, form.delimiter) == (encoding, bom, ";")


def test_a_character_that_the_head_cuts_in_two_makes_no_file_windows_1252() -> None:
    assert form_of("Name,x\nJö".encode()[:-1], whole=False).encoding == "utf-8"
    assert form_of("Name,x\nJö".encode()[:-1], whole=True).encoding == "cp1252"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_fits_most_rows(delimiter: str) -> None:
    text = "".join(delimiter.join(row) + "\n" for row in (["a", "b", "c"], ["1,5", "2", "3"], ['"x;y"', "2", "3"]))
    assert form_of(text.encode(), whole=True).delimiter == delimiter or delimiter == ","


@pytest.mark.parametrize("data", [b"", b" \n\n", b"a\x00b,c\n"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(BadFile):
        form_of(data, whole=True)


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp1252"])
async def test_a_file_becomes_utf_8_with_line_feeds_however_it_is_cut(encoding: str) -> None:
    data = "Jörg\r\nÄnne\rZoë\n".encode(encoding)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(len(data)):
            yield data[at : at + 1]

    assert b"".join([piece async for piece in to_utf8(pieces(), encoding, 0)]).decode() == "Jörg\nÄnne\nZoë\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_records_are_cut_where_they_end(size: int) -> None:
    data = b'a,b\n"x, ""y""","two\nlines"\n\nlast,one'
    found = records(data, size)
    assert [record.cells for record in found] == [["a", "b"], ['x, "y"', "two\nlines"], [], ["last", "one"]]
    assert [data[: record.end][-3:] for record in found] == [b",b\n", b's"\n', b'"\n\n', b"one"]


def test_reading_goes_on_from_where_a_record_ended() -> None:
    data = b"a,b\n1,2\n3,4\n"
    second = records(data)[1]
    assert records(data[second.end :], offset=second.end) == records(data)[2:]


def test_a_quote_that_is_not_closed_costs_one_row() -> None:
    data = b'a,"open\n' + b"1,2\n" * (RECORD_BYTES_MAX // 4 + 10)
    found = records(data, 50_000)
    assert found[0].reason == "has a quote that is not closed"
    assert [record.cells for record in found[1:]] == [["1", "2"]] * (RECORD_BYTES_MAX // 4 + 10)
    short = records(b'a,"open\n1,2\n3,4\n')
    assert [(record.cells, bool(record.reason)) for record in short] == [([], True), (["1", "2"], False), (["3", "4"], False)]


def test_a_line_without_end_is_refused_before_memory_is_full() -> None:
    with pytest.raises(BadFile, match="A line has more than"):
        records(b"x" * (RECORD_BYTES_MAX + 10), 100_000)


@pytest.mark.parametrize(
    ("line", "reason"),
    [("," * 300, "columns"), ("x" * 20_001, "characters"), ('a"b\nc"d', "quote in the middle")],
)
def test_rows_beyond_the_limits_say_why(line: str, reason: str) -> None:
    [record] = records(line.encode(), 10_000)
    assert record.cells == []
    assert reason in str(record.reason)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_that_is_given_out_is_a_formula(start: str) -> None:
    text = written([("row", f'{start}cmd|"x"')])
    assert text.startswith(f"row,\"'{start}cmd" if start else "")
    assert written([(1, "fine, indeed")]) == '1,"fine, indeed"\r\n'


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", " ", "\n", "x;", "x; ", "x|", "x\t", "x\r\n", "x\n", '";'])
def test_nor_is_a_part_of_one_that_another_delimiter_cuts_off(before: str, sign: str) -> None:
    text = written([(f"{before}{sign}cmd()", "y")])
    for delimiter in ",;|\t":
        for cell in (cell for row in csv.reader(io.StringIO(text), delimiter=delimiter) for cell in row):
            assert not cell.strip().startswith(sign), (delimiter, cell)


def test_what_is_no_formula_stays_as_it_is() -> None:
    for cell in ("a-b", "a; b", "1 + 1", "me@x.example", "2026-01-01", "x|y"):
        assert next(csv.reader([written([(cell, "y")])]))[0] == cell
