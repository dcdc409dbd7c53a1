"""A payload is shown as it is written, with what is wrong beside the line that it is about."""

import json

import pytest

from hub.recovery.opening import Breach
from hub.web.waiting.lines import Line, lines, reads_by_lines


def wrong(place: str, message: str = "wrong") -> Breach:
    return Breach(place=place, message=message)


def test_writes_each_member_on_a_line_and_numbers_as_they_came() -> None:
    shown = lines('{"a":1.10,"b":[1e400,{}],"c":"ä\\"","a":[]}', ())

    assert [line.text for line in shown] == [
        "{",
        '  "a": 1.10,',
        '  "b": [',
        "    1e400,",
        "    {}",
        "  ],",
        '  "c": "ä\\"",',
        '  "a": []',
        "}",
    ]


@pytest.mark.parametrize("text", ['{"a": [1, {"b": null}], "c": true}', "[]", "{}", "1", '"x"'])
def test_what_is_shown_is_the_same_document(text: str) -> None:
    shown = "\n".join(line.text for line in lines(text, ()))

    assert json.loads(shown) == json.loads(text)


def test_marks_the_line_of_a_place_and_what_is_missing_where_it_would_stand() -> None:
    found = [wrong("lines.0.quantity"), wrong("lines.0.product", "missing"), wrong("", "whole")]

    shown = lines('{"lines": [{"quantity": 0}]}', found)

    assert shown == [
        Line("{", ("whole",)),
        Line('  "lines": ['),
        Line("    {", ("product: missing",)),
        Line('      "quantity": 0', ("wrong",)),
        Line("    }"),
        Line("  ]"),
        Line("}"),
    ]


@pytest.mark.parametrize("text", ["serial;price\n1;2", "{", "", "[" * 100_000])
def test_what_is_no_json_is_shown_as_it_is(text: str) -> None:
    shown = lines(text, [wrong("a.b")])

    assert [line.text for line in shown] == (text.splitlines() or [""])
    assert shown[0].wrong == ("a.b: wrong",)


DEEP = "[" * 900 + "1" + "]" * 900
WIDE = "[" * 90 + ",".join(["1"] * 40_000) + "]" * 90


@pytest.mark.parametrize("text", [DEEP, WIDE])
def test_what_would_grow_very_much_is_shown_as_it_is(text: str) -> None:
    assert lines(text, ()) == [Line(text)]
    assert not reads_by_lines(text)


def test_a_very_long_name_stands_on_its_line_alone() -> None:
    shown = lines(json.dumps({"n" * 100_000: [1, 2]}), [wrong("n" * 100_000 + ".1")])

    assert [line.text for line in shown[2:]] == ["    1,", "    2", "  ]", "}"]
    assert [len(line.wrong) for line in shown] == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("text", ['["' + "]" * 200 + '"]', '"' + '\\"' * 100_000, "{,}"])
def test_only_what_stands_outside_of_texts_is_counted(text: str) -> None:
    assert reads_by_lines(text)
