"""Each way to break an old schema is seen; each way to extend it is let through."""

from copy import deepcopy
from typing import Any

import pytest

from schemas.compatibility import incompatibilities

OLD: dict[str, Any] = {
    "$defs": {
        "Part": {
            "type": "object",
            "properties": {"code": {"type": "string", "maxLength": 9}},
            "required": ["code"],
        },
        "Tree": {
            "type": "object",
            "properties": {"child": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]}},
        },
    },
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "count": {"type": "integer", "default": 1, "maximum": 100},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "by": {"const": "sale"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "part": {"$ref": "#/$defs/Part"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "tree": {"$ref": "#/$defs/Tree"},
    },
    "required": ["name"],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The old schema with something set, or taken away where the value is None."""
    schema = deepcopy(OLD)
    *steps, last = path.split("/")
    place = schema
    for step in steps:
        place = place.setdefault(step, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return schema


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("properties/name", None, "name: removed"),
        ("$defs/Part/properties/code", None, "part.code: removed"),
        ("properties/name/type", "integer", "name: retyped from string to integer"),
        ("properties/note/anyOf", [{"type": "string"}], "note: retyped from null or string to str"),
        (
            "properties/name",
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "name: retyped from string to integer or string",
        ),
        ("properties/by", {"type": "integer", "const": 3}, "by: retyped from str to integer"),
        ("properties/parts/items", {"type": "string"}, "parts[]: retyped from object to string"),
        ("required", ["name", "count"], "count: newly required"),
        ("properties/kind/enum", ["a"], "kind: no longer 'b'"),
        ("properties/by/const", "order", "by: no longer 'sale'"),
        ("properties/name/enum", ["x"], "name: now only 'x'"),
        ("properties/count/default", 2, "count: its default was 1 and is now 2"),
        ("properties/count/maximum", 99, "count: maximum was 100 and is now 99"),
        ("properties/count/minimum", 0, "count: minimum was free and is now 0"),
        ("properties/name/minLength", 2, "name: minLength was 1 and is now 2"),
        ("properties/name/maxLength", 5, "name: maxLength was free and is now 5"),
        ("properties/name/pattern", "^a", "name: pattern was free and is now ^a"),
        ("properties/name/format", "date", "name: format was free and is now date"),
        ("properties/parts/maxItems", 3, "parts: maxItems was free and is now 3"),
        ("additionalProperties", False, "the whole: no longer takes fields it does not know"),
    ],
)
def test_sees_what_breaks_an_old_reader_or_writer(path: str, value: object, said: str) -> None:
    found = incompatibilities(OLD, changed(path, value))

    assert [why for why in found if why.startswith(said)], found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/new", {"type": "string"}),
        ("properties/kind/enum", ["a", "b", "c"]),
        ("properties/by", {"enum": ["sale", "registration"]}),
        ("properties/count/maximum", None),
        ("properties/count/maximum", 200),
        ("properties/name/minLength", None),
        ("properties/name/title", "Name"),
        ("description", "said better"),
        ("required", []),
    ],
)
def test_lets_an_extension_through(path: str, value: object) -> None:
    assert incompatibilities(OLD, changed(path, value)) == []


def test_ends_where_definitions_refer_to_themselves() -> None:
    assert incompatibilities(OLD, OLD) == []


def test_sees_the_same_definition_wherever_it_has_moved() -> None:
    moved = deepcopy(OLD)
    moved["properties"]["part"] = moved["$defs"].pop("Part")
    moved["properties"]["parts"]["items"] = moved["properties"]["part"]

    assert incompatibilities(OLD, moved) == []
