"""Where two documents differ, told by place and without a value where values are personal."""

import pytest

from hub.recovery.places import MAX_PLACE, MISSING, MOST_PLACES, changed_places, differences


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)]),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, [("a.b.1", 2, 3), ("a.b.2", MISSING, 4)]),
        ({"a": 1}, {"b": None}, [("a", 1, MISSING), ("b", MISSING, None)]),
        ({"a": [1]}, {"a": {"0": 1}}, [("a", [1], {"0": 1})]),
        (None, {"a": 1}, [("", None, {"a": 1})]),
    ],
)
def test_tells_every_place_that_differs(old: object, new: object, found: list[object]) -> None:
    assert list(differences(old, new)) == found


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        (b'{"a": 1}', b'{ "a":1 }', ()),
        (b'{"a": 1, "b": 2}', b'{"a": 2, "c": 2}', ("a", "b", "c")),
        (b"no json", b'{"a": 1}', ("",)),
        (b"no json", b"no json", ()),
        (None, None, ()),
    ],
)
def test_names_the_places_alone(
    old: bytes | None, new: bytes | None, places: tuple[str, ...]
) -> None:
    assert changed_places(old, new) == places


def test_many_deep_places_cost_little_and_only_the_first_are_told() -> None:
    depth, most = 400, 100_000
    old = b"[" * depth + b",".join([b"1"] * most) + b"]" * depth
    found = changed_places(old, old.replace(b"1", b"2"))

    assert len(found) == MOST_PLACES
    assert max(map(len, found)) <= MAX_PLACE


def test_a_name_that_may_be_somebodys_own_is_not_told() -> None:
    assert changed_places(b"{}", b'{"by": {"ayse@example.com": 1}}') == ("by",)
    assert changed_places(b'{"by": {}}', b'{"by": {"ayse@example.com": 1}}') == ("by.\u2026",)
