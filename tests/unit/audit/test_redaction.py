"""Only listed places can be read, whatever else a payload holds."""

import json
from decimal import Decimal
from typing import Any

import pytest

from hub.audit.redaction import EXACT, HIDDEN, MAX_ITEMS, MAX_TEXT, redacted

SHOWN = frozenset({"id", "items.*.code", "items.*.serials.*", "total", "at.day"})


def seen(document: object) -> Any:
    return json.loads(redacted(document, SHOWN))


@pytest.mark.parametrize(
    ("document", "visible"),
    [
        ({"id": "1", "code": "x"}, {"id": "1", "code": HIDDEN}),
        ({"id": {"id": "1"}}, {"id": HIDDEN}),
        ({"id": ["1"]}, {"id": HIDDEN}),
        ({"items": "all"}, {"items": HIDDEN}),
        ({"items": {"*": {"code": "x"}, "code": "y"}}, {"items": HIDDEN}),
        (
            {"items": [{"code": "x", "note": {"code": "y"}}]},
            {"items": [{"code": "x", "note": HIDDEN}]},
        ),
        (
            {"items": [{"serials": ["1", ["2"], {"serials": "3"}]}]},
            {"items": [{"serials": ["1", HIDDEN, HIDDEN]}]},
        ),
        ({"at": {"day": 1, "hour": 2}}, {"at": {"day": 1, "hour": HIDDEN}}),
        ({"total": Decimal("1.50")}, {"total": "1.50"}),
        ({"total": EXACT}, {"total": str(EXACT)}),
        ({"who": None, "total": None}, {"who": None, "total": None}),
        ({"ada@example.org": 1}, {HIDDEN: HIDDEN}),
        ([{"id": "1"}], HIDDEN),
        ("1", HIDDEN),
    ],
)
def test_shows_what_stands_in_a_listed_place(document: Any, visible: Any) -> None:
    assert seen(document) == visible


def test_cuts_what_is_long() -> None:
    cut = seen({"items": [{"code": "x" * 300}] * 60})

    assert len(cut["items"]) == MAX_ITEMS
    assert len(cut["items"][0]["code"]) == MAX_TEXT


def test_a_tree_of_any_depth_costs_no_recursion() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    assert seen({"items": [deep], "x": deep}) == {"items": [HIDDEN], "x": HIDDEN}
