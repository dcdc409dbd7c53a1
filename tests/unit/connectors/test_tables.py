"""Files as systems export them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.sdk import FileRecord, SettingsError
from connectors.sdk.lines import detect_encoding
from connectors.sdk.tables import read_rows


def rows(path: Path, content: bytes, columns: Sequence[str] = ()) -> list[FileRecord]:
    path.write_bytes(content)
    return list(read_rows(path, columns=columns))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_sees_the_delimiter(path: Path, mark: str) -> None:
    (row,) = rows(path, f"Order{mark}Price, net\n1{mark}2\n".replace(", ", "").encode())

    assert row.body == {"Order": "1", "Pricenet": "2"}


def test_keeps_quoted_delimiters_quotes_and_line_breaks(path: Path) -> None:
    first, second = rows(path, b'a,b\n"1,299.90","TV 55"", black\nmatt"\nx,y\n')

    assert first.body == {"a": "1,299.90", "b": 'TV 55", black\nmatt'}
    assert (first.line, second.line) == (2, 4)


def test_takes_the_delimiter_that_a_spreadsheet_states(path: Path) -> None:
    (row,) = rows(path, b"\nsep=|\na,b|c\n1|2\n")

    assert (row.body, row.line) == ({"a,b": "1", "c": "2"}, 4)


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1254", "cp1254"),
    ],
)
def test_sees_the_encoding(path: Path, encoding: str, detected: str) -> None:
    (row,) = rows(path, "Fiş No;Ürün\n1;Dizüstü ğ\n".encode(encoding))

    with path.open("rb") as file:
        assert detect_encoding(file) == detected
    assert row.body == {"Fiş No": "1", "Ürün": "Dizüstü ğ"}


def test_sees_the_western_code_page_by_letters_only_it_has(path: Path) -> None:
    (row,) = rows(path, "Ordre;Ville\n1;Žďár é\n".replace("ď", "d").encode("cp1252"))

    assert row.body["Ville"] == "Ždár é"


def test_reads_json_lines_with_exact_numbers(path: Path) -> None:
    first, second = rows(path, b'\n{"a": 1299.90, "b": 9007199254740993}\n{"a": null}\n')

    assert first.body == {"a": Decimal("1299.90"), "b": 9007199254740993}
    assert second.line == 3


def test_reports_what_is_no_json_object_and_goes_on(path: Path) -> None:
    found = rows(path, b'{"a": 1}\nnot json\n[1]\n{"a": 2}\n')

    assert [row.fault.code if row.fault else None for row in found] == [
        None,
        "not_json",
        "not_an_object",
        None,
    ]


def test_reports_rows_of_another_width_and_goes_on(path: Path) -> None:
    found = rows(path, b"a;b\n1\n1;2;3\n\n;;\n1;2;;\n1;2\n")

    assert [(row.line, row.fault.code if row.fault else "") for row in found] == [
        (2, "wrong_cell_count"),
        (3, "wrong_cell_count"),
        (6, ""),
        (7, ""),
    ]


def test_reports_a_quote_that_is_never_closed(path: Path) -> None:
    found = rows(path, b'a,b\n1,"' + b"x\n" * 100_000 + b"1,2\n")

    assert found[0].fault is not None
    assert (found[0].line, found[0].fault.code) == (2, "not_csv")


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (b"[]", (), "one object a line"),
        (b"a;b\n1;2\n", ("Order",), "no column 'Order'.*“a”, “b”"),
        (b"a;a\n1;2\n", ("a",), "more than once"),
        (b"", ("Order",), "which reads .* nothing"),
    ],
)
def test_says_what_to_do_about_a_file_that_cannot_be_read(
    path: Path, content: bytes, columns: Sequence[str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        rows(path, content, columns)


def test_says_that_the_encoding_is_another_or_unknown(path: Path) -> None:
    path.write_bytes("Fiş\n".encode("cp1254"))
    with pytest.raises(SettingsError, match="name its encoding"):
        list(read_rows(path, columns=(), encoding="utf-8"))
    with pytest.raises(SettingsError, match="unknown encoding"):
        list(read_rows(path, columns=(), encoding="klingon"))


def test_says_that_there_is_no_file(path: Path) -> None:
    with pytest.raises(SettingsError, match="check the path"):
        list(read_rows(path, columns=()))
