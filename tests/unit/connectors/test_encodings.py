"""Files in any encoding, and in several at once."""

from pathlib import Path

import pytest

from connectors.sdk import FileRecord, SettingsError
from connectors.sdk.tables import read_rows

WORKBOOK = "is an Excel workbook; save it as CSV UTF-8 and drop it again"
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


def message(record: FileRecord) -> str:
    assert record.fault is not None
    return record.fault.message


def test_one_line_in_another_encoding_is_no_other_file(path: Path) -> None:
    good = "Köln;ğ\n".encode()
    found = rows(path, b"a;b\n" + good * 9 + "München;ş\n".encode("cp1254") + good)

    assert seen(found) == [*[(n, "") for n in range(2, 11)], (11, "not_decodable"), (12, "")]
    assert "byte 0xfc is not utf-8; write the whole file in one" in message(found[9])
    assert found[9].body == {"a": "M\ufffdnchen", "b": "\ufffd"}


def test_one_line_in_another_encoding_than_the_named_one_is_a_fault_too(path: Path) -> None:
    found = rows(path, b"a;b\n1;2\nK\xf6ln;3\n", encoding="utf-8")

    assert seen(found) == [(2, ""), (3, "not_decodable")]
    assert "is not utf-8" in message(found[1])


def test_says_that_json_of_another_encoding_cannot_be_read(path: Path) -> None:
    found = rows(path, b'{"a": "\xc3\xb6\xc3\xb6"}\n{"a": "\xf6"}\n')

    assert seen(found) == [(1, ""), (2, "not_decodable")]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("\ufeffa;b\nğ;2\n".encode(), None),
        ("\ufeffa;b\nğ;2\n".encode(), "utf-8"),
        ("\ufeffa;b\nğ;2\n".encode("utf-16-le"), None),
        ("\ufeffa;b\nğ;2\n".encode("utf-16-le"), "utf-16-le"),
        ("\ufeffa;b\nğ;2\n".encode("utf-16-be"), None),
        ("\ufeffa;b\nğ;2\n".encode("utf-32-le"), None),
        ("\ufeffa;b\nğ;2\n".encode("utf-32-be"), None),
        ("Şa;b\nğ;2\n".encode("utf-16-le"), None),
        ("Şa;b\nğ;2\n".encode("utf-16-be"), None),
        ('\ufeff{"a": "ğ", "b": "2"}'.encode(), None),
        ('\ufeff{"a": "ğ", "b": "2"}'.encode(), "utf-8"),
    ],
)
def test_reads_what_stands_behind_any_byte_order_mark(
    path: Path, content: bytes, encoding: str | None
) -> None:
    (row,) = rows(path, content, **({"encoding": encoding} if encoding else {}))

    assert list(row.body.values()) == ["ğ", "2"]
    assert list(row.body)[1] == "b"


def test_tells_the_half_character_that_a_file_ends_with(path: Path) -> None:
    whole = "a;b\n1;2\n3;ğ\n"
    for encoding, cut in (("utf-16-le", 3), ("utf-32-be", 5), ("shift_jis_2004", 2)):
        text = whole.replace("ğ", "あ")
        found = rows(path, text.encode(encoding)[:-cut], encoding=encoding)
        assert seen(found)[0] == (2, "")
        assert seen(found)[-1] == (3, "not_decodable"), encoding


def test_tells_half_of_a_pair_in_the_middle_of_a_file(path: Path) -> None:
    content = "a;b\n1;X\n3;4\n".encode("utf-16-le").replace(b"X\0", b"\x00\xd8")

    found = rows(path, content, encoding="utf-16-le")

    assert seen(found) == [(2, "not_decodable"), (3, "")]
    assert "half a character" in message(found[0])


@pytest.mark.parametrize("encoding", ["klingon", "base64", "a\0b", "rot13"])
def test_says_that_it_knows_no_such_encoding(path: Path, encoding: str) -> None:
    with pytest.raises(SettingsError, match="unknown encoding"):
        rows(path, b"a;b\n", encoding=encoding)


def test_says_that_a_file_is_of_no_encoding_that_was_named(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is not utf-32-le .*; name its encoding"):
        rows(path, b"a;b\n1;2;3\n", encoding="utf-32-le")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0\6\0" + b"\0" * 22 + b"[Content_Types].xml", WORKBOOK),
        (b"PK\x03\x04\x14\0\6\0" + b"\0" * 22 + b"xl/workbook.xml", WORKBOOK),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, WORKBOOK),
        (b"PK\x03\x04\x14\0\6\0" + b"\0" * 22 + b"export.csv", "is a ZIP archive; unpack it"),
    ],
)
def test_says_what_to_do_with_a_workbook(path: Path, content: bytes, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        rows(path, content)
