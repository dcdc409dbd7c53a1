"""What names a merchant, a month or a seed has no line end behind it: it stands in events, ids and paths."""

import pytest

from hub.access.tenants import NAME
from hub.audit.samples.drawing import SEED, SampleError, span


@pytest.mark.parametrize("name", ["acme", "a", "7-eleven", "a" * 63])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    assert NAME.match(name)


@pytest.mark.parametrize(
    "name", ["acme\n", "acme\r\n", "", "-acme", "Acme", "a" * 64, "acmé", "a b"]
)
def test_what_only_looks_like_a_name_is_none(name: str) -> None:
    assert not NAME.match(name)


def test_a_month_and_a_seed_end_where_they_end() -> None:
    with pytest.raises(SampleError, match="no month"):
        span("2026-10\n")
    assert SEED.match("s-1")
    assert not SEED.match("s-1\n")
