"""Files of rows as systems export them: CSV or JSON lines, in whatever encoding and delimiter."""

import codecs
import csv
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from connectors.sdk.connector import Fault, FileRecord, SettingsError

CHUNK = 1024 * 1024
DELIMITERS = ";,\t|"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ONLY_IN_CP1252 = b"\x8e\x9e"


def read_rows(
    path: Path, *, columns: Sequence[str], encoding: str | None = None, delimiter: str | None = None
) -> Iterator[FileRecord]:
    """Read every row, with what could not be made out as its fault. Blank lines are passed over.

    `columns` must stand in the header of a CSV file. Memory holds one row at a time.

    Raises:
        SettingsError: the file cannot be opened, decoded, or lacks a column.

    """
    try:
        with path.open(encoding=encoding or detect_encoding(path), newline="") as file:
            first = _first_character(file)
            if first == "{":
                yield from _json_lines(file)
            elif first == "[":
                raise SettingsError(f"{path.name} is one JSON array; write one object a line")
            else:
                yield from _csv(file, columns, delimiter)
    except LookupError as error:
        raise SettingsError(f"unknown encoding {encoding!r}; name one such as cp1254") from error
    except UnicodeDecodeError as error:
        message = f"{path.name} is not {error.encoding} ({error.reason}); name its encoding"
        raise SettingsError(message) from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; check the path") from error


def detect_encoding(path: Path) -> str:
    """UTF-8 or UTF-16 where the bytes say so, else the Windows code page of Turkish.

    That page differs from the Western one in six letters that Western exports hardly use; two
    bytes exist in the Western page alone and decide for it.
    """
    with path.open("rb") as file:
        head = file.read(4)
        for mark, encoding in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding
        if b"\0" in head:
            return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
        file.seek(0)
        if _is_utf8(iter(lambda: file.read(CHUNK), b"")):
            return "utf-8"
        file.seek(0)
        chunks = iter(lambda: file.read(CHUNK), b"")
        western = any(byte in chunk for chunk in chunks for byte in ONLY_IN_CP1252)
    return "cp1252" if western else "cp1254"


def _is_utf8(chunks: Iterator[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_character(file: TextIO) -> str:
    first = " "
    while first and (first.isspace() or first == "\ufeff"):
        first = file.read(1)
    file.seek(0)
    return first


def _json_lines(file: TextIO) -> Iterator[FileRecord]:
    for number, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            # Decimal keeps an amount as it was written; a float would not.
            body = json.loads(text, parse_float=Decimal)
        except ValueError as error:
            yield _bad(number, "not_json", f"{error}; write one JSON object a line")
            continue
        if isinstance(body, dict):
            yield FileRecord(str(number), body, number)
        else:
            yield _bad(number, "not_an_object", "this is no JSON object; write {...} on each line")


def _csv(file: TextIO, columns: Sequence[str], delimiter: str | None) -> Iterator[FileRecord]:
    line = file.readline()
    skipped = 0
    while line and (not line.strip() or line.lower().startswith("sep=")):
        if line.lower().startswith("sep="):
            delimiter = delimiter or line[4:].strip("\r\n") or None
        line = file.readline()
        skipped += 1
    delimiter = delimiter or _detect_delimiter(line)
    reader = csv.reader(_from(line, file), delimiter=delimiter, skipinitialspace=True)
    header = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
    _check_header(header, columns, delimiter)
    yield from _csv_rows(reader, header, skipped)


def _from(line: str, file: TextIO) -> Iterator[str]:
    yield line
    yield from file


def _detect_delimiter(header: str) -> str:
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _check_header(header: list[str], columns: Sequence[str], delimiter: str) -> None:
    missing = [column for column in columns if column not in header]
    if missing:
        message = (
            f"no column {', '.join(map(repr, missing))} in the header, which reads (delimiter "
            f"{delimiter!r}): {', '.join(header) or 'nothing'}; correct the map or the delimiter"
        )
        raise SettingsError(message)
    twice = {column for column in columns if header.count(column) > 1}
    if twice:
        message = f"the header has {', '.join(sorted(twice))} more than once; rename one of them"
        raise SettingsError(message)


def _csv_rows(reader: Any, header: list[str], skipped: int) -> Iterator[FileRecord]:
    while True:
        number = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _bad(number, "not_csv", f"{error}; close the quote that is open here")
            continue
        if any(cell.strip() for cell in cells):
            yield _csv_row(number, header, cells)


def _csv_row(number: int, header: list[str], cells: list[str]) -> FileRecord:
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    body = dict(zip(header, cells, strict=False))
    if len(cells) == len(header):
        return FileRecord(str(number), body, number)
    message = (
        f"{len(cells)} cells under a header of {len(header)}; "
        "quote cells that contain the delimiter or a line break"
    )
    return FileRecord(str(number), body, number, Fault("wrong_cell_count", message, number))


def _bad(number: int, code: str, message: str) -> FileRecord:
    return FileRecord(str(number), {}, number, Fault(code, message, number))
