"""An answer that is none is worth asking again, or never will be; as every connector has it."""

import httpx
import pytest

from connectors.sdk import SourceUnavailableError, UntranslatableError, refused

NOON = "Sat, 31 Jan 2026 12:00:00 GMT"


def answer(status: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named)


@pytest.mark.parametrize("status", [408, 409, 423, 425, 429, 500, 501, 502, 503, 504, 599])
def test_is_asked_again_where_it_may_pass(status: int) -> None:
    error = refused(answer(status))

    assert isinstance(error, SourceUnavailableError)
    assert str(error) == f"it answers {status}"
    assert error.retry_after is None


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 422])
def test_is_not_asked_again_where_it_never_will(status: int) -> None:
    error = refused(answer(status))

    assert isinstance(error, UntranslatableError)
    assert error.faults[0].code == f"answered_{status}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "120"}, 120.0),
        ({"retry_after": "2.0"}, 2.0),
        ({"retry_after": "2."}, None),
        ({"retry_after": "Sat, 31 Jan 2026 12:01:30 GMT", "date": NOON}, 90.0),
        ({"retry_after": "Sat, 31 Jan 2026 11:00:00 GMT", "date": NOON}, 0.0),
        ({"retry_after": "Sat, 31 Jan 2026 12:01:30 GMT"}, None),
        ({"retry_after": "Sat, 31 Jan 2026 12:01:30 -0000", "date": NOON}, 90.0),
        ({"retry_after": "in a while", "date": NOON}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_is_left_alone_as_long_as_it_says_by_its_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = refused(answer(503, **headers))

    assert isinstance(error, SourceUnavailableError)
    assert error.retry_after == seconds
