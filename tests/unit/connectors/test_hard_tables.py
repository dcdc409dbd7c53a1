"""Files as nobody should export them: each line is told or faulted, and memory stays flat."""

import csv
import io
import re
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sdk import FileRecord, SettingsError
from connectors.sdk.lines import BLOCK, MAX_LINE
from connectors.sdk.tables import MAX_COLUMNS, MAX_LINES_OF_ROW, read_rows

MIB = 1024 * 1024
Seen = list[tuple[int, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def rows(path: Path, content: bytes, **more: str) -> list[FileRecord]:
    path.write_bytes(content)
    return list(read_rows(path, columns=(), **more))


def seen(records: list[FileRecord]) -> Seen:
    """Where each record begins, and what is wrong with it."""
    return [(one.line, one.fault.code if one.fault else "") for one in records]


def message(record: FileRecord | None) -> str:
    assert record is not None
    assert record.fault is not None
    return record.fault.message


@pytest.mark.parametrize("size", [MAX_LINE, MAX_LINE + 1, 5 * MIB, 5 * BLOCK])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_reads_on_behind_a_line_without_end(path: Path, size: int, end: bytes) -> None:
    content = end.join([b"a;b", b"1;2", b"3;" + b"x" * size, b"5;6"])

    first, long, last = rows(path, content)

    assert seen([first, long, last]) == [
        (2, ""),
        # The csv module takes no cell of more than 128 KiB.
        (3, "line_too_long" if size >= MAX_LINE else "not_csv"),
        (4, ""),
    ]
    assert long.body["a"] == "3"
    assert last.body == {"a": "5", "b": "6"}


def test_reads_on_behind_an_object_without_end(path: Path) -> None:
    found = rows(path, b'{"a":1}\n{"a":"' + b"x" * 2 * MIB + b'"}\n{"a":3}')

    assert seen(found) == [(1, ""), (2, "line_too_long"), (3, "")]


@pytest.mark.parametrize(
    ("part", "mib"),
    [(b"x" * 1000, 30), (b"a;" * 500, 30), (b"\0" * 1000, 30), (b'1;"2\n', 0.05)],
)
def test_holds_no_more_than_a_line_however_large_the_file(
    path: Path, part: bytes, mib: float
) -> None:
    path.write_bytes(b"a;b\n")
    with path.open("ab") as file:
        for _ in range(int(mib * MIB) // len(part)):
            file.write(part)

    tracemalloc.start()
    count = sum(1 for _ in read_rows(path, columns=()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count
    assert peak < 8 * MIB


def test_refuses_a_million_columns(path: Path) -> None:
    for columns in (MAX_COLUMNS + 1, 500_000):
        with pytest.raises(SettingsError, match=f"{columns} columns, at most {MAX_COLUMNS}"):
            rows(path, b";" * (columns - 1) + b"x\n1;2\n")
    with pytest.raises(SettingsError, match="the header, line 1: longer than"):
        rows(path, b"abc;" * 1_000_000 + b"\n1;2\n")


def test_tells_a_row_of_a_million_cells_as_a_fault(path: Path) -> None:
    (wide, fine) = rows(path, b"a;b\n" + b"1;" * 500_000 + b"\n3;4\n")

    assert seen([wide, fine]) == [(2, "wrong_cell_count"), (3, "")]
    assert wide.body == {"a": "1", "b": "1"}


def test_a_quote_that_is_not_closed_costs_its_own_line(path: Path) -> None:
    good = b"1;2\n" * 500

    assert seen(rows(path, b'a;b\n1;"2\n' + good)) == [
        (2, "not_csv"),
        *[(line, "") for line in range(3, 503)],
    ]


def test_a_quote_that_a_later_line_seems_to_close_costs_both_lines_alone(path: Path) -> None:
    found = rows(path, b'a;b\n1;"2\n3;4\n5;"6"\n7;8\n')

    assert seen(found) == [(2, "not_csv"), (3, ""), (4, ""), (5, "")]
    assert found[2].body == {"a": "5", "b": "6"}
    assert "close the quote" in message(found[0])


def test_names_every_line_of_a_row_that_quotes_made_too_wide(path: Path) -> None:
    found = rows(path, b'a;b\n1;"2\n3";4\n5;6\n')

    assert seen(found) == [(2, "wrong_cell_count"), (4, "")]
    assert "in lines 2 to 3" in message(found[0])


def test_takes_a_cell_of_many_lines(path: Path) -> None:
    most = "\n".join(map(str, range(MAX_LINES_OF_ROW)))

    (row, after) = rows(path, f'a;b\n1;"{most}"\n2;3\n'.encode())
    assert row.body["b"] == most
    assert after.line == 2 + MAX_LINES_OF_ROW
    assert len(rows(path, f'a;b\n1;"{most}\n"\n2;3\n'.encode())) > 2


def test_reads_a_quote_in_the_middle_of_a_cell_where_one_line_makes_it_clear(path: Path) -> None:
    found = rows(path, b'a;b\n"TV 55" black;1\nTV 55";"2" \n')

    assert [one.body["a"] for one in found] == ["TV 55 black", 'TV 55"']


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r"])
def test_ends_a_line_at_every_mark(path: Path, mark: str) -> None:
    found = rows(path, f"a;b{mark}1;2{mark}{mark}3;4".encode())

    assert [(one.line, one.body["b"]) for one in found] == [(2, "2"), (4, "4")]


def test_ends_lines_at_marks_of_all_kinds_in_one_file(path: Path) -> None:
    found = rows(path, b'a;b\r1;2\n3;4\r\n\r\r\n\n5;"6\r\n7\r8"\r9;0\r')

    assert [(one.line, one.body["b"]) for one in found] == [
        (2, "2"),
        (3, "4"),
        (7, "6\r\n7\r8"),
        (10, "0"),
    ]


def test_sees_both_halves_of_a_line_end_that_two_blocks_part(path: Path) -> None:
    head = b"a;b\r\n"
    row = b"1;2\r\n"
    filler = b"x" * (BLOCK - len(head) - 3) + b";1\r"

    found = rows(path, head + filler[1:] + b"\n" + row)

    assert seen(found) == [(2, ""), (3, "")]


def test_tells_a_line_with_nul_characters(path: Path) -> None:
    found = rows(path, b"a;b\n1;2\n3\0;4\n5;6\n" + b"\0" * 4000)

    assert seen(found) == [(2, ""), (3, "nul_in_line"), (4, ""), (5, "nul_in_line")]
    assert found[1].body == {"a": "3\ufffd", "b": "4"}


@pytest.mark.parametrize(
    "content", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"a;b\n", b"a;b", b"sep=;\r\n", b"\x1a"]
)
def test_tells_nothing_of_a_file_without_rows(path: Path, content: bytes) -> None:
    assert rows(path, content) == []


def test_passes_over_the_mark_with_which_old_tills_end_a_file(path: Path) -> None:
    assert seen(rows(path, b"a;b\r\n1;2\r\n\x1a")) == [(2, "")]


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-5", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_takes_a_formula_for_the_text_it_is(path: Path, cell: str) -> None:
    (row,) = rows(path, f"a;b\n{cell};2\n".encode())

    assert row.body["a"] == cell


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", " ", "tab"])
def test_says_that_a_delimiter_is_no_mark(path: Path, delimiter: str) -> None:
    with pytest.raises(SettingsError, match="no single mark"):
        rows(path, b"a;b\n1;2\n", delimiter=delimiter)
    with pytest.raises(SettingsError, match="no single mark"):
        rows(path, b"sep=ab\na;b\n1;2\n")


@pytest.mark.parametrize("header", [b'"a;b\n1;2\n', b"a\xff;b\n1;2\n", b"a\0;b\n1;2\n"])
def test_says_that_a_header_cannot_be_read(path: Path, header: bytes) -> None:
    with pytest.raises(SettingsError, match="the header, line 1"):
        rows(path, header, encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": ' + "[" * 64 + "]" * 64 + "}", "too_deep"),
        ('{"a": ' + "[" * 100_000, "too_deep"),
        ('{"a": ' * 100_000, "too_deep"),
        ('{"a": 1, "a": 2}', "name_repeated"),
        ('{"a": {"b": 1, "b": 1}}', "name_repeated"),
        ('{"a": NaN}', "not_json"),
        ('{"a": -Infinity}', "not_json"),
        ('{"a": ' + "9" * 5000 + "}", "not_json"),
        (r'{"a": "\ud800"}', "not_json"),
        (r'{"\ud800": 1}', "not_json"),
        ("{} {}", "not_json"),
        ("null", "not_an_object"),
    ],
)
def test_tells_why_a_line_is_no_object_and_goes_on(path: Path, line: str, code: str) -> None:
    found = rows(path, b'{"a": "\\ud83d\\ude00"}\n' + line.encode() + b'\n{"a": 3}\n')

    assert seen(found) == [(1, ""), (2, code), (3, "")]


def test_says_what_a_folder_is_not(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="check the path"):
        list(read_rows(tmp_path, columns=()))


def test_leaves_the_limit_of_cells_as_it_found_it(path: Path) -> None:
    before = csv.field_size_limit()
    found = rows(path, b'a;b\n1;"' + b"x" * before + b'y"\n3;4\n')

    assert seen(found) == [(2, "not_csv"), (3, "")]
    assert csv.field_size_limit() == before


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\x1a"), max_size=12)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8), st.sampled_from(["\n", "\r\n"])
)
def test_reads_whatever_a_spreadsheet_writes(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], end: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator=end).writerows(
        [["a", "b", "c"], *cells]
    )
    path = tmp_path_factory.getbasetemp() / "written.csv"

    found = rows(path, text.getvalue().encode(), encoding="utf-8")

    assert [list(one.body.values()) for one in found] == [
        row for row in cells if any(cell.strip() for cell in row)
    ]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([b"a", b";", b'"', b"\n", b"\r", b"\xff", b"\0", b"{", b"1;2\n"])))
def test_accounts_for_every_line_of_any_file(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    content = b"a;b\n" + b"".join(parts)
    lines = re.split("\r\n|\r|\n", content.decode(errors="replace"))

    found = rows(path, content, encoding="utf-8")

    numbers = [1, *(one.line for one in found), len(lines) + 1]
    assert numbers == sorted(set(numbers))
    for one, line, after in zip([None, *found], numbers, numbers[1:], strict=False):
        passed_over = lines[line : after - 1]
        if one is None or len(one.body) < 2 or not re.search("[\r\n]", "".join(one.body.values())):
            assert not "".join(passed_over).strip('; "') or "lines" in message(one)


def test_begins_before_it_has_read_a_file_to_its_end(path: Path) -> None:
    path.write_bytes(b"a;b\n" + b"1;2\n" * 100_000)

    assert len(list(islice(read_rows(path, columns=("b",)), 3))) == 3


@pytest.mark.parametrize("content", [b"\x0b", b"\x1c\n", b"\x0c\r\n\x0b"])
def test_a_file_of_odd_blanks_is_a_table_without_rows(path: Path, content: bytes) -> None:
    assert rows(path, content) == []
