"""Files of rows as systems export them: CSV or JSON lines, in whatever encoding and delimiter."""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from connectors.sdk.connector import (
    Fault,
    FileRecord,
    SettingsError,
    UntranslatableError,
    untranslatable,
)
from connectors.sdk.lines import KEPT, MAX_LINE, Line, detect_encoding, read_lines
from connectors.sdk.values import quoted

ZIP = b"PK\x03\x04"
IN_WORKBOOKS = (b"[Content_Types].xml", b"xl/")
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DELIMITERS = ";,\t|"
MAX_COLUMNS = 2000
MAX_LINES_OF_ROW = 100
"""A cell may contain line breaks; so many lines without a closing quote are a forgotten quote."""
MAX_DEPTH = 64
"""Of JSON. What is nested deeper can be read for a while, and then neither logged nor sent on."""
NAMED = 50

TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels; write one flat object a line"

Lines = Iterator[Line]


def read_rows(
    path: Path, *, columns: Sequence[str], encoding: str | None = None, delimiter: str | None = None
) -> Iterator[FileRecord]:
    """Read every row, with what could not be made out as its fault. Blank lines are passed over.

    `columns` must stand in the header of a CSV file. Memory holds one row at a time, and of an
    endless line only its beginning. Every line that is not blank is part of exactly one record.

    Raises:
        SettingsError: the file cannot be opened, is no table, or lacks a column.

    """
    try:
        with path.open("rb") as file:
            _check_text(path, file.read(KEPT))
            file.seek(0)
            lines = read_lines(file, encoding or detect_encoding(file))
            first = next((line for line in lines if not line.is_blank), None)
            every = chain([first], lines) if first else lines
            if first is None or not first.text.lstrip().startswith(("{", "[")):
                yield from _csv(every, columns, delimiter)
            elif first.text.lstrip().startswith("["):
                raise SettingsError(f"{path.name} is one JSON array; write one object a line")
            else:
                yield from map(_json_line, (line for line in every if not line.is_blank))
    except UnicodeError as error:
        message = f"{path.name} is not {encoding or 'text'} ({error}); name its encoding"
        raise SettingsError(message) from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; check the path") from error


def _check_text(path: Path, head: bytes) -> None:
    packed = head.startswith(ZIP)
    if head.startswith(OLD_WORKBOOK) or (packed and any(part in head for part in IN_WORKBOOKS)):
        message = "is an Excel workbook; save it as CSV UTF-8 and drop it again"
        raise SettingsError(f"{path.name} {message}")
    if packed:
        raise SettingsError(f"{path.name} is a ZIP archive; unpack it and drop what is in it")


def _json_line(line: Line) -> FileRecord:
    if line.fault:
        return _bad(line, line.fault.code, line.fault.message)
    try:
        body = _decode(line.text)
        _check_depth(body)
        if "\\u" in line.text:
            # Half of an escaped pair is no character, and could not be sent on.
            json.dumps(body, ensure_ascii=False, default=str).encode()
    except UntranslatableError as error:
        return _bad(line, error.faults[0].code, error.faults[0].message)
    except RecursionError:
        return _bad(line, "too_deep", TOO_DEEP)
    except ValueError as error:
        return _bad(line, "not_json", f"{error}; write one JSON object a line")
    if isinstance(body, dict):
        return FileRecord(str(line.number), body, line.number, size=len(line.text))
    return _bad(line, "not_an_object", "this is no JSON object; write {...} on each line")


def _check_depth(body: Any) -> None:
    level = [body]
    for _ in range(MAX_DEPTH):
        inside = (inner for outer in level for inner in _inside(outer))
        level = [inner for inner in inside if isinstance(inner, dict | list)]
        if not level:
            return
    raise untranslatable("too_deep", TOO_DEEP)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the name {quoted(twice)} stands twice in one object; leave one of them"
        raise untranslatable("name_repeated", message)
    return body


def _no_number(text: str) -> None:
    raise untranslatable("not_json", f"{text} is no number of JSON; write null or leave it out")


# Decimal keeps an amount as it was written; a float would not.
_decode = json.JSONDecoder(
    parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_unique
).decode


class Row(NamedTuple):
    first: Line
    lines: int
    """How many it takes: a quoted cell may contain line breaks."""
    cells: list[str]
    """With a fault, as many as could be made out."""
    fault: Fault | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.cells))


def _csv(lines: Lines, columns: Sequence[str], delimiter: str | None) -> Iterator[FileRecord]:
    first = next((line for line in lines if not line.is_blank), None)
    if first and first.text.lower().startswith("sep="):
        delimiter = delimiter or first.text[4:].strip("\r\n") or None
        first = next((line for line in lines if not line.is_blank), None)
    if first and first.fault:
        raise SettingsError(f"the header, line {first.number}: {first.fault.message}")
    rows = Rows(chain([first] if first else [], lines), _mark(first, delimiter))
    head = next(rows, None)
    if head and head.fault:
        raise SettingsError(f"the header, line {head.first.number}: {head.fault.message}")
    header = [cell.strip() for cell in head.cells] if head else []
    _check_header(header, columns, rows.delimiter)
    for row in rows:
        if row.fault or any(cell.strip() for cell in row.cells):
            yield _csv_record(row, header)


def _mark(header: Line | None, delimiter: str | None) -> str:
    if delimiter is None:
        text = header.text if header else ""
        return max(DELIMITERS, key=lambda mark: len(_cells(text, mark)[0]))
    if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        raise SettingsError(f"delimiter {delimiter!r} is no single mark; name one such as ; or ,")
    return delimiter


def _check_header(header: list[str], columns: Sequence[str], delimiter: str) -> None:
    if len(header) > MAX_COLUMNS:
        message = f"the header has {len(header)} columns, at most {MAX_COLUMNS} can be read"
        raise SettingsError(f"{message}; export fewer, or correct the delimiter {delimiter!r}")
    missing = [column for column in columns if column not in header]
    if missing:
        message = (
            f"no column {', '.join(map(repr, missing))} in the header, which reads (delimiter "
            f"{delimiter!r}): {', '.join(map(quoted, header[:NAMED])) or 'nothing'}; "
            "correct the map or the delimiter"
        )
        raise SettingsError(message)
    twice = {column for column in columns if header.count(column) > 1}
    if twice:
        message = f"the header has {', '.join(sorted(twice))} more than once; rename one of them"
        raise SettingsError(message)


class Rows(Iterator[Row]):
    """Rows of CSV as RFC 4180 has them, and the blanks that people put after a delimiter.

    A quote that is never closed costs its own line: the lines after it are read as rows again.
    """

    def __init__(self, lines: Lines, delimiter: str) -> None:
        """Read on from here."""
        self.delimiter = delimiter
        self._lines = lines
        self._ahead: deque[Line] = deque()

    def __next__(self) -> Row:
        """The next row that is not blank."""
        line = self._line()
        while line is not None and line.is_blank:
            line = self._line()
        if line is None:
            raise StopIteration
        if line.fault:
            return self._bad(line, line.fault)
        return self._quoted(line) if '"' in line.text else self._plain(line)

    def _line(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _plain(self, line: Line) -> Row:
        try:
            return Row(line, 1, next(_reader([line.text], self.delimiter)))
        except csv.Error as error:
            message = f"{error}; check that the file is what it should be"
            return self._bad(line, Fault("not_csv", message, line.number))

    def _quoted(self, first: Line) -> Row:
        taken = [first]
        try:
            cells = next(_reader(self._texts(taken), self.delimiter, strict=True))
        except csv.Error as error:
            self._ahead.extendleft(reversed(taken[1:]))
            cells, closed = _cells(first.text, self.delimiter)
            if closed:
                # Within one line it is clear enough what a quote in the middle of a cell means.
                return Row(first, 1, cells)
            message = f"{error}; close the quote that is open at the end of this line"
            return self._bad(first, Fault("not_csv", message, first.number))
        return Row(first, len(taken), cells)

    def _texts(self, taken: list[Line]) -> Iterator[str]:
        """The lines that one row may take, as it asks for them."""
        yield taken[0].text
        size = len(taken[0].text)
        while len(taken) < MAX_LINES_OF_ROW and size <= MAX_LINE:
            line = self._line()
            if line is None:
                return
            taken.append(line)
            if line.fault:
                return
            size += len(line.text)
            yield line.text

    def _bad(self, line: Line, fault: Fault) -> Row:
        return Row(line, 1, _cells(line.text[:KEPT], self.delimiter)[0], fault)


def _reader(texts: Iterable[str], delimiter: str, *, strict: bool = False) -> Any:
    return csv.reader(texts, delimiter=delimiter, skipinitialspace=True, strict=strict)


def _cells(text: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of a line read by itself, and whether every quote in it is closed."""
    reader = _reader([text, "\n"], delimiter)
    try:
        return next(reader), reader.line_num == 1
    except csv.Error:
        return [], False


def _csv_record(row: Row, header: list[str]) -> FileRecord:
    cells = row.cells
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    number = row.first.number
    fault = row.fault or _miscounted(row, len(cells), len(header))
    body = dict(zip(header, cells, strict=False))
    return FileRecord(str(number), body, number, fault, row.size)


def _miscounted(row: Row, cells: int, columns: int) -> Fault | None:
    if cells == columns:
        return None
    number = row.first.number
    last = number + row.lines - 1
    where = f" in lines {number} to {last}, which quotes make one row" if row.lines > 1 else ""
    message = (
        f"{cells} cells under a header of {columns}{where}; "
        "quote cells that contain the delimiter or a line break"
    )
    return Fault("wrong_cell_count", message, number)


def _bad(line: Line, code: str, message: str) -> FileRecord:
    fault = Fault(code, message, line.number)
    return FileRecord(str(line.number), {}, line.number, fault, len(line.text))
