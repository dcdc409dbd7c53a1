"""The period of what names none: by the coverage policy in force when it was sold."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.coverage import add_months
from hub.domain.policies.versions import PolicyVersion
from hub.domain.rulings import Ruling
from schemas.events.warranty import WarrantyActivated, WarrantyLinked
from schemas.policies.checking import canonical, parse
from tests.unit.story import (
    NEW_YEAR,
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_sale,
    rows_of,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_version(number: int, begins: datetime, months: int = 36, **products: int) -> PolicyVersion:
    def terms(months: int) -> dict[str, Any]:
        return {"standard": {"months": months, "type": "repair"}}

    document = {
        "default": terms(months),
        "by_product": {name: terms(of) for name, of in products.items()},
    }
    text = canonical(parse("coverage", document)).decode()
    return PolicyVersion("coverage", number, begins, text)


def with_policies(*versions: PolicyVersion) -> Story:
    story = Story()
    story.policies = list(versions)
    return story


def test_a_policy_decides_what_a_line_leaves_open() -> None:
    story = with_policies(a_version(1, NOON, 36, drill=60))
    story.given(
        a_sale(
            a_line("drill"),
            a_line("saw"),
            a_line("lamp", coverage_months=6),
            a_line("fan", covered_until="2026-02-01"),
        )
    )

    assert [unit.ends_on for unit in story.units] == [
        date(2031, 1, 1),
        date(2029, 1, 1),
        date(2026, 7, 1),
        date(2026, 2, 1),
    ]
    drill, saw, *named = story.units
    (event,) = {report.event for report in drill.reports}
    assert drill.rulings == (
        Ruling(
            "coverage",
            1,
            NOON,
            "drill",
            "by_product/drill",
            60,
            "repair",
            date(2031, 1, 1),
            event,
            "1",
        ),
    )
    assert saw.rulings[0].rule == "default"
    assert [unit.rulings for unit in named] == [(), ()]


def test_the_world_is_told_by_which_version() -> None:
    story = with_policies(a_version(1, NOON), a_version(2, NOON, 12))
    story.given(a_sale(a_line(serials=["1"])), a_sale(a_line(serials=["1"]), by="shop"))

    activated, linked = story.said
    assert isinstance(activated, WarrantyActivated)
    assert isinstance(linked, WarrantyLinked)
    for said in (activated, linked):
        assert said.ruled_by is not None
        assert (said.ruled_by.version, said.ruled_by.months) == (2, 12)
    assert [one.event for one in story.units[0].rulings] == [
        report.event for report in story.units[0].reports
    ]


def test_without_a_policy_the_merchants_default_counts_and_nothing_is_written_of_it() -> None:
    story = with_policies(a_version(1, NOON + timedelta(seconds=1)))
    story.given(a_sale())

    (unit,) = story.units
    assert unit.ends_on == date(2028, 1, 1)
    assert b"rul" not in msgspec.json.encode(unit)
    assert "ruled_by" not in story.said[0].model_dump_json(exclude_none=True)


def test_a_day_alone_is_decided_by_what_counted_when_it_began() -> None:
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    story = with_policies(a_version(1, midnight, 12), a_version(2, midnight + timedelta(hours=1)))
    stated: dict[str, Any] = {"fact": {"purchased_on": NEW_YEAR}}
    story.given(a_registration("1", **stated), a_registration("2", reference="reg-2"))

    assert [unit.ends_on for unit in sorted(story.units, key=lambda u: u.serial or "")] == [
        date(2027, 1, 1),
        date(2029, 1, 1),
    ]


def test_a_linked_sale_takes_its_ruling_along() -> None:
    story = with_policies(a_version(1, NOON, 36))
    story.given(a_registration("SN-1"), a_sale(a_line(serials=["SN-1"])))

    (unit,) = story.units
    assert len(unit.rulings) == 2
    assert {one.event for one in unit.rulings} == {report.event for report in unit.reports}
    assert unit.ends_on == unit.rulings[-1].ends_on


def test_a_correction_is_decided_by_what_counted_at_the_sale() -> None:
    story = with_policies(a_version(1, NOON, 36, drill=48))
    story.given(a_sale(a_line("saw"), raw="r1", revision=1))
    story.policies.append(a_version(2, NOON + timedelta(days=3), 12, drill=12))
    story.given(a_sale(a_line("drill"), raw="r1", revision=2))

    (unit,) = story.covered
    assert (unit.product, unit.ends_on) == ("drill", date(2030, 1, 1))
    assert [(one.version, one.rule) for one in unit.rulings] == [(1, "by_product/drill")]


def test_a_line_of_a_day_of_its_own_is_decided_by_what_counted_then() -> None:
    before, after = NOON - timedelta(days=8), NOON - timedelta(hours=1)
    story = with_policies(a_version(1, before, 12), a_version(2, after, 36))
    early = a_line("saw", sold_at="2025-12-25T12:00:00Z")
    story.given(a_sale(a_line(), early))

    assert [(u.ends_on, u.rulings[0].version, u.rulings[0].at) for u in story.units] == [
        (date(2029, 1, 1), 2, NOON),
        (date(2026, 12, 25), 1, datetime(2025, 12, 25, 12, tzinfo=UTC)),
    ]


def test_a_deleted_order_is_decided_anew_when_it_is_reported_again() -> None:
    story = with_policies(a_version(1, NOON, 12))
    line = a_line(serials=["SN-1"])
    story.given(a_registration("SN-1"), a_sale(line), a_deletion())
    (unit,) = story.covered
    assert [one.event for one in unit.rulings] == [report.event for report in unit.reports]
    story.policies.append(a_version(2, NOON + timedelta(days=1), 36))
    story.given(a_sale(line, on=NEW_YEAR + timedelta(days=2), id="again"))

    (unit,) = story.covered
    assert [one.version for one in unit.rulings] == [1, 2]
    assert unit.ends_on == date(2029, 1, 3)


@settings(deadline=None)
@given(
    begins=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), max_size=6),
    sold=st.lists(st.integers(0, 40), min_size=1, max_size=5, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_the_same_whatever_the_order_of_arrival(
    begins: list[tuple[int, int]], sold: list[int], order: Any
) -> None:
    versions = [
        a_version(n, NOON + timedelta(days=day), months)
        for n, (day, months) in enumerate(begins, start=1)
    ]
    sales = [
        a_sale(a_line(serials=[f"S{n}"]), order=f"O-{n}", on=NEW_YEAR + timedelta(days=n))
        for n in sold
    ]
    straight, shuffled = with_policies(*versions), with_policies(*versions)
    straight.given(*sales)
    order.shuffle(sales)
    shuffled.given(*sales)

    assert rows_of(straight) == rows_of(shuffled)
    for unit in straight.units:
        day = (unit.starts_on - NEW_YEAR).days
        come = [months for begins_on, months in begins if begins_on <= day]
        assert unit.ends_on == add_months(unit.starts_on, come[-1] if come else 24)
