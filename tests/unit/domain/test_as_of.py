"""How a unit stands on a day, read from the rows that its story left."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.as_of import History, on_day, standing
from hub.domain.coverage_words import OURS, REASONS, sentence, written
from schemas.policies.parts import Locale
from schemas.policies.wording import WordingPolicy
from tests.unit.by_hand import a_change, allowing, an_override, who
from tests.unit.story import (
    NEW_YEAR,
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_return,
    a_sale,
    a_serial,
    a_transfer,
)
from tests.unit.test_purchase_extension import A, a_coverage, extending

DAY = timedelta(days=1)
YEAR, TWO_YEARS = date(2027, 1, 1), date(2028, 1, 1)
LOCALES: tuple[Locale, ...] = ("en", "de", "tr", "pl")


def histories(story: Story) -> list[History]:
    """As the rows of the world would be read."""
    return [msgspec.json.decode(msgspec.json.encode(unit), type=History) for unit in story.units]


def on(story: Story, *days: date) -> list[str]:
    """How the one unit there is stands on these days."""
    (history,) = histories(story)
    return [standing(history, day).reason for day in days]


def test_the_first_and_the_last_day_are_covered_and_not_the_ones_beside_them(story: Story) -> None:
    story.given(a_sale(A))

    assert on(story, NEW_YEAR - DAY, NEW_YEAR, TWO_YEARS, TWO_YEARS + DAY) == [
        *("not_begun", "covered", "covered", "expired"),
    ]


@pytest.mark.parametrize(
    ("sold", "last"),
    [(date(2024, 2, 29), date(2026, 2, 28)), (date(2022, 2, 28), date(2024, 2, 28))],
)
def test_29_february(story: Story, sold: date, last: date) -> None:
    story.given(a_sale(A, on=sold))

    assert on(story, last, last + DAY) == ["covered", "expired"]


def test_the_day_is_the_merchants_whatever_day_it_is_elsewhere(story: Story) -> None:
    """Sold a minute before midnight in Istanbul, which UTC calls nine in the evening."""
    late = {"sold_at": "2026-01-31T23:59:00+03:00", "zone": "Europe/Istanbul"}
    early = {"sold_at": "2026-02-01T00:01:00+03:00", "zone": "Europe/Istanbul"}
    story.given(a_sale(A, fact=late, on=date(2026, 2, 1)))
    other = Story()
    other.given(a_sale(A, fact=early, on=date(2026, 2, 1)))

    assert on(story, date(2026, 1, 31), date(2028, 1, 31), date(2028, 2, 1)) == [
        *("covered", "covered", "expired"),
    ]
    assert on(other, date(2026, 1, 31), date(2028, 1, 31), date(2028, 2, 1)) == [
        *("not_begun", "covered", "covered"),
    ]


def test_a_zone_that_changes_at_midnight_has_every_day_once(story: Story) -> None:
    """Beirut's clocks go from 00:00 to 01:00: its day begins an hour late."""
    told = {"sold_at": "2026-03-28T22:30:00Z", "zone": "Asia/Beirut"}
    story.given(a_sale(A, fact=told, on=date(2026, 3, 29)))

    assert on(story, date(2026, 3, 28), date(2026, 3, 29)) == ["not_begun", "covered"]


def test_a_return_ends_it_from_its_day_on_and_leaves_the_past(story: Story) -> None:
    story.given(a_sale(A, customer="ada"), a_return())

    assert on(story, date(2026, 1, 5), date(2026, 1, 6), date(2030, 1, 1)) == [
        *("covered", "returned", "returned"),
    ]
    (history,) = histories(story)
    assert standing(history, date(2026, 1, 5)).owner == "ada"
    assert standing(history, date(2026, 1, 6)).owner is None


def test_what_was_sold_again_is_another_warranty_and_each_answers_for_its_days(
    story: Story,
) -> None:
    story.given(a_sale(A), a_return(), a_sale(A, order="O-2", on=date(2026, 3, 1)))
    first, second = sorted(histories(story), key=lambda one: one.starts_on)

    def answers(day: date) -> tuple[str, str]:
        ((history, stands),) = on_day([second, first], day)
        return history.id, stands.reason

    assert answers(NEW_YEAR - DAY) == (first.id, "not_begun")
    assert answers(date(2026, 1, 5)) == (first.id, "covered")
    assert answers(date(2026, 2, 1)) == (first.id, "returned")
    assert answers(date(2026, 3, 1)) == (second.id, "covered")
    assert answers(date(2030, 1, 1)) == (second.id, "expired")


def test_each_product_of_a_serial_answers_for_itself(story: Story) -> None:
    story.given(a_sale(A, a_line("saw", serials=["SN-1"], coverage_months=1)))
    found = list(on_day(histories(story), date(2026, 6, 1)))

    assert [(one.product, stands.reason) for one, stands in found] == [
        ("drill", "covered"),
        ("saw", "expired"),
    ]


def test_what_was_never_sold_answers_for_nothing(story: Story) -> None:
    story.given(a_sale(A), a_deletion())

    assert list(on_day(histories(story), NEW_YEAR)) == []


def test_while_it_was_ended_by_hand_it_is_not_covered(story: Story) -> None:
    story.given(a_sale(A))
    warranty, owner = story.units[0].id, who("owner")
    march, may = date(2026, 3, 10), date(2026, 5, 10)
    story.given(
        a_change(warranty, by=owner, on=march),
        a_change(warranty, "reinstate", by=owner, on=may),
    )

    assert on(story, march - DAY, march, may - DAY, may) == [
        *("covered", "ended", "ended", "covered"),
    ]
    story.given(a_change(warranty, by=owner, on=date(2026, 7, 1)))
    assert on(story, may, date(2026, 7, 1)) == ["covered", "ended"]


# By which policy


def test_which_version_decided_and_which_of_its_periods() -> None:
    story = extending()
    story.given(a_sale(A), a_registration())
    (history,) = histories(story)
    standard, extended, over = (
        standing(history, day).grounds for day in (YEAR, YEAR + DAY, TWO_YEARS + DAY)
    )

    assert (standard.basis, standard.period, standard.type) == (
        *("policy", "standard", "full_replacement"),
    )
    assert (extended.basis, extended.period, extended.type) == ("policy", "extended", "limited")
    assert over.ruling is not None
    assert (over.ruling.version, over.ruling.rule) == (1, "by_product/drill")


def test_of_an_owner_whose_sale_is_unknown_the_extended_period_decided() -> None:
    story = extending()
    story.given(a_registration())
    (history,) = histories(story)
    grounds = standing(history, NEW_YEAR).grounds

    assert (grounds.basis, grounds.period, grounds.type) == ("policy", "extended", "limited")


def test_a_period_that_was_sold_or_is_the_merchants_default_is_no_policys(story: Story) -> None:
    story.given(a_sale(a_line(serials=["SN-1"], coverage_months=6)))

    assert standing(histories(story)[0], NEW_YEAR).grounds.basis == "report"


def test_where_a_sale_named_more_than_the_policy_the_sale_decided() -> None:
    story = extending()
    named = a_line(serials=["SN-1"], coverage_months=60)
    story.given(a_sale(A), a_sale(named, by="erp"))

    assert standing(histories(story)[0], NEW_YEAR).grounds.basis == "report"


def test_an_override_is_named_where_no_rule_covers_it_any_more() -> None:
    story = Story()
    story.policies = [allowing()]
    story.given(a_sale(A))
    story.given(an_override(story.units[0].id, until=date(2029, 1, 1), id="o1"))
    (history,) = histories(story)
    before, after = (standing(history, day) for day in (TWO_YEARS, TWO_YEARS + DAY))

    assert (before.grounds.basis, after.grounds.basis) == ("report", "override")
    assert after.covered
    assert after.grounds.override is not None
    assert not standing(history, date(2029, 1, 2)).covered


# Whose it is


def test_ownership_has_its_days_too() -> None:
    story = extending(a_coverage(transferable=True))
    story.given(a_sale(A, customer="shop"), a_registration())
    moved = date(2026, 1, 31)
    story.given(a_transfer(story.units[0].id, on=moved))
    (history,) = histories(story)

    assert [
        standing(history, day).owner
        for day in (NEW_YEAR - DAY, NEW_YEAR, moved - DAY, moved, TWO_YEARS + DAY)
    ] == [None, "ada", "ada", "bob", "bob"]


def test_an_attached_serial_is_the_units_from_its_first_day_on(story: Story) -> None:
    story.given(a_sale())
    story.given(a_serial(story.units[0].id))
    (history,) = histories(story)

    assert (history.serial, standing(history, NEW_YEAR).reason) == ("SN-1", "covered")


@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=3),
    st.integers(-5, 800),
)
def test_every_day_of_a_unit_is_one_of_its_cases(
    back: int, ended: list[tuple[int, int]], asked: int
) -> None:
    """Against a calendar that is filled in day by day."""
    story = Story()
    story.given(a_sale(A))
    warranty, owner = story.units[0].id, who("owner")
    calendar = {NEW_YEAR + timedelta(days=n): "covered" for n in range(731)}
    at = 0
    for n, (wait, gap) in enumerate(ended):
        since, until = at + wait, at + wait + gap
        at = until
        days = (NEW_YEAR + timedelta(days=since), NEW_YEAR + timedelta(days=until))
        story.given(
            a_change(warranty, by=owner, on=days[0], id=f"e{n}"),
            a_change(warranty, "reinstate", by=owner, on=days[1], id=f"r{n}"),
        )
        _fill(calendar, days[0], days[1], "ended")
    returned = NEW_YEAR + timedelta(days=at + back)
    if back:
        story.given(a_return(on=returned))
        _fill(calendar, returned, date(2030, 1, 1), "returned")
    day = NEW_YEAR + timedelta(days=asked)
    fallback = "not_begun" if asked < 0 else "expired"
    back = back if returned <= TWO_YEARS else 0

    assert on(story, day) == [
        calendar.get(day, "returned" if back and day >= returned else fallback)
    ]


def _fill(calendar: dict[date, str], since: date, until: date, what: str) -> None:
    for day in calendar:
        if since <= day < until:
            calendar[day] = what


# What is said of it


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_in_every_language_for_every_case(locale: Locale) -> None:
    story = extending()
    story.given(a_sale(A), a_return(on=date(2026, 5, 1)))
    (history,) = histories(story)
    days = (NEW_YEAR - DAY, NEW_YEAR, date(2026, 5, 1))
    said = [
        sentence(history, standing(history, day), day, merchant="acme", locale=locale)
        for day in days
    ]

    assert len(set(said)) == len(days)
    for text, day in zip(said, days, strict=True):
        assert "SN-1" in text
        assert written(day, locale) in text
        assert "{" not in text
    assert written(date(2026, 4, 30), locale) in said[1]


def test_all_of_our_words_are_written_in_all_languages() -> None:
    for texts in (*OURS.values(), *REASONS.values()):
        assert len({texts.in_locale(locale) for locale in LOCALES}) == len(LOCALES)


def test_the_merchants_words_come_before_ours() -> None:
    story = Story()
    story.given(a_sale(A))
    (history,) = histories(story)
    words = WordingPolicy.model_validate(
        {
            "statuses": {
                "covered": {"text": {"en": "{merchant}: until {ends_on}", "de": "bis {ends_on}"}},
                "ended": {
                    "text": {"en": "over {reason}"},
                    "reasons": {"expired": {"en": "over since {ended_on}{claim}"}},
                },
            }
        }
    )

    def said(day: date, locale: Locale = "en") -> str:
        stands = standing(history, day)
        return sentence(history, stands, day, merchant="acme", locale=locale, wording=words)

    assert said(NEW_YEAR) == "acme: until 1 January 2028"
    assert said(NEW_YEAR, "de") == "bis 01.01.2028"
    assert said(NEW_YEAR, "tr") == "acme: until 1 January 2028"
    assert said(TWO_YEARS + DAY) == "over since 2 January 2028"
    assert "Cover begins on 1 January 2026" in said(NEW_YEAR - DAY)
    story.given(a_return())
    (history,) = histories(story)
    assert said(date(2026, 2, 1)) == "over returned"


def test_a_warranty_without_end_has_a_last_day_as_well() -> None:
    story = Story()
    story.given(a_sale(a_line(serials=["SN-1"], covered_until="9999-12-31")))
    (history,) = histories(story)

    assert "31.12.9999" in sentence(
        history, standing(history, NEW_YEAR), NEW_YEAR, merchant="acme", locale="pl"
    )


def test_a_product_and_a_serial_in_any_script_stand_as_they_were_told() -> None:
    story = Story()
    story.given(a_sale(a_line("ドリル {x}", serials=["序列-٣"])))
    (history,) = histories(story)
    said: Iterable[str] = (
        sentence(history, standing(history, NEW_YEAR), NEW_YEAR, merchant="acme", locale=locale)
        for locale in LOCALES
    )

    assert all("ドリル {x}" in one and "序列-٣" in one for one in said)
