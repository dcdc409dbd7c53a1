"""For how long things are kept: the policy, then the installation, then the default; held things stay."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.policies.retention import DEFAULTS, FLOOR, KINDS, retention
from schemas.generate import policy_schema
from schemas.policies.checking import NotAPolicyError, parse
from schemas.policies.retention import RetentionPolicy

TODAY = date(2026, 11, 30)
NOTHING = RetentionPolicy()
SCHEMA = policy_schema("retention")["properties"]


def bounds(kind: str) -> tuple[int, int]:
    """As the published schema has them."""
    (number,) = (one for one in SCHEMA[kind]["anyOf"] if one["type"] == "integer")
    return number["minimum"], number["maximum"]


def a_policy(**said: Any) -> RetentionPolicy:
    return RetentionPolicy.model_validate(said)


def a_hold(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "why": "a lawsuit", **more}


documents = st.fixed_dictionaries(
    {}, optional={kind: st.integers(*bounds(kind)) for kind in KINDS}
).map(lambda said: a_policy(**said))


def test_what_nobody_names_has_the_documented_default() -> None:
    found = retention(None, NOTHING, TODAY)

    assert {kind: one.days for kind, one in found.items()} == {
        "contacts": 1_095,
        "payloads": 180,
        "requests": 90,
        "trail": 1_095,
        "notes": 1_095,
        "replays": 1_095,
        "mails": 31,
        "files": 90,
        "results": 1_095,
        "deliveries": 90,
        "attempts": 90,
    }
    assert {one.why for one in found.values()} == {"default"}


@given(documents, documents)
def test_the_policy_counts_before_the_installation_and_that_before_the_default(
    policy: RetentionPolicy, installation: RetentionPolicy
) -> None:
    found = retention(policy, installation, TODAY)

    for kind in KINDS:
        said = [getattr(one, kind) for one in (policy, installation, DEFAULTS)]
        first = next(days for days in said if days is not None)
        assert found[kind].days == max(first, FLOOR)
        assert (found[kind].days or 0) >= bounds(kind)[0]


def test_what_topics_still_remember_is_kept_and_says_why() -> None:
    found = retention(a_policy(requests=5), NOTHING, TODAY)

    assert found["requests"] == (31, "policy says 5; topics remember for 30 days")


@given(st.sampled_from(KINDS), st.integers(-3, 3))
def test_a_hold_counts_through_its_day(kind: str, left: int) -> None:
    until = TODAY + timedelta(days=left)
    found = retention(a_policy(holds=(a_hold(kind, until=until),)), NOTHING, TODAY)

    assert (found[kind].days is None) == (left >= 0)  # type: ignore[index]


def test_a_hold_without_a_day_counts_while_its_version_does() -> None:
    held = a_policy(contacts=30, holds=(a_hold("contacts"),))

    assert retention(held, NOTHING, date.max)["contacts"] == (None, "held: a lawsuit")


def test_what_would_take_a_held_thing_along_is_held_too() -> None:
    found = retention(a_policy(holds=(a_hold("attempts"),)), NOTHING, TODAY)

    assert [kind for kind, one in found.items() if one.days is None] == ["deliveries", "attempts"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        *(({kind: bounds(kind)[0] - 1}, f"/{kind}") for kind in (*KINDS, "audit")),
        ({"holds": [a_hold("audit")]}, "/holds/0/kind"),
        ({"holds": [{"kind": "contacts"}]}, "/holds/0/why"),
        ({"holds": [a_hold("contacts", until="someday")]}, "/holds/0/until"),
    ],
)
def test_refuses_less_than_the_law_or_the_hub_allows(document: Any, place: str) -> None:
    with pytest.raises(NotAPolicyError) as refused:
        parse("retention", document)

    assert [fault.pointer for fault in refused.value.faults] == [place]


def test_holds_are_read_from_what_is_published() -> None:
    policy = parse("retention", {"holds": [a_hold("contacts", until="2027-01-31")]})

    assert isinstance(policy, RetentionPolicy)
    assert policy.holds[0].until == date(2027, 1, 31)
