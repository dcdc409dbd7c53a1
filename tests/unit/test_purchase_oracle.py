"""Any order, repetition and delay of what two sources say, against a small independent oracle.

Who comes first wins, so which events are refused depends on the order of arrival. What holds in
any order: a repeat gets the first answer byte for byte; every event is counted once; no two covered
units share a product and serial; no ended unit is covered again; an order has, per product, as many
units as its accepted sales and their serials require; and a unit's dates follow from its reports.
Where nothing can be refused (one order, no serials that contradict it) the end is the same.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.processors.purchase.state import Unit
from hub.sdk.events import Event, Outcome
from schemas.events.sale import SaleRecorded
from schemas.refs import home_of, order_home
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale, rows_of

days = st.sampled_from([NEW_YEAR, NEW_YEAR + timedelta(days=1)])
feeds = st.sampled_from(["till", "erp"])
orders = st.sampled_from(["O-1", "O-2"])
Lines = st.SearchStrategy[dict[str, Any]]


@st.composite
def lines(draw: st.DrawFn, products: list[str], serials: list[str]) -> dict[str, Any]:
    named = draw(st.lists(st.sampled_from(serials), max_size=len(serials) - 1))
    quantity = len(named) + draw(st.integers(0, 1)) or 1
    months = draw(st.sampled_from([None, 6]))
    return a_line(
        draw(st.sampled_from(products)), quantity=quantity, serials=named, coverage_months=months
    )


def _sales(line: Lines, most: int) -> st.SearchStrategy[Event]:
    """Each source speaks of each order in one record, which is translated again and again."""
    return st.builds(
        lambda own, **rest: a_sale(*own, raw=f"raw-{rest['by']}-{rest['order']}", **rest),
        st.lists(line, min_size=1, max_size=most),
        order=orders,
        by=feeds,
        on=days,
        revision=st.integers(1, 3),
    )


def _returns(serials: list[str], products: list[str]) -> st.SearchStrategy[Event]:
    line = st.one_of(
        st.builds(lambda serial: {"serials": [serial]}, st.sampled_from(serials)),
        st.builds(lambda code: {"product": {"code": code}}, st.sampled_from(products)),
    )
    return st.builds(
        lambda own, **rest: a_return(*own, **rest),
        st.lists(line, max_size=2),
        order=orders,
        by=feeds,
        reference=st.sampled_from(["back-1", "back-2"]),
        raw=st.sampled_from([None, "raw-back"]),
        revision=st.integers(1, 2),
    )


def _registrations(serials: list[str], products: list[str]) -> st.SearchStrategy[Event]:
    return st.builds(
        a_registration,
        st.sampled_from(serials),
        st.one_of(st.none(), st.sampled_from(products)),
        reference=st.sampled_from(["reg-1", "reg-2"]),
        customer=st.sampled_from(["ada", "eve", None]),
        raw=st.sampled_from([None, "raw-reg"]),
        revision=st.integers(1, 2),
    )


def _histories(
    serials: list[str], products: list[str], most: int
) -> st.SearchStrategy[list[Event]]:
    sale = _sales(lines(products, serials), most)
    event = st.one_of(sale, sale, _returns(serials, products), _registrations(serials, products))
    return st.lists(event, min_size=1, max_size=8).flatmap(
        lambda events: st.lists(st.sampled_from(events), max_size=3).map(lambda more: events + more)
    )


histories = st.one_of(
    _histories(["A", "a", "B"], ["drill", "saw"], 2),
    # So narrow that most events speak of the same unit.
    _histories(["A", "a"], ["drill"], 1),
)


def _told(events: Sequence[Event], seed: int) -> Story:
    """The world after these events, letters delivered whenever and in whatever order."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of delivery is no secret
    story = Story()
    for event in events:
        story.tell(event)
        if story.letters and chance.random() < 0.3:
            again = chance.choice(story.letters)
            story.letters.append(msgspec.structs.replace(again, id=f"{again.id}-{len(story.told)}"))
        if chance.random() < 0.5:
            story.deliver(chance.randrange)
    story.deliver(chance.randrange)
    return story


@settings(max_examples=300, deadline=None)
@given(histories, st.integers(0, 1000))
def test_what_holds_in_any_order(events: list[Event], seed: int) -> None:
    story = _told(events, seed)
    story.pass_days(20)

    _every_event_is_counted_once(story, events)
    _repeats_get_the_first_answer(story, events)
    _no_serial_is_covered_twice(story)
    _nothing_is_said_of_an_ended_warranty(story)
    _every_order_has_the_units_it_needs(story, events)
    for unit in story.units:
        _dates_follow_from_reports(unit)
    assert story.letters == []
    assert story.timers == {}


@settings(max_examples=50, deadline=None)
@given(histories, st.integers(0, 1000))
def test_the_same_input_gives_the_same_bytes(events: list[Event], seed: int) -> None:
    one, two = _told(events, seed), _told(events, seed)
    assert msgspec.json.encode(rows_of(one)) == msgspec.json.encode(rows_of(two))
    assert [fact.model_dump_json() for fact in one.said] == [
        fact.model_dump_json() for fact in two.said
    ]
    assert one.answers == two.answers


def _every_event_is_counted_once(story: Story, events: list[Event]) -> None:
    now: Counter[Outcome] = Counter()
    for before, outcome in story.moves:
        now[outcome] += 1
        if before is not None:
            now[before] -= 1
    assert all(count >= 0 for count in now.values())
    assert now[Outcome.EARLY] == 0
    assert sum(now.values()) == len(story.settled)
    assert len(story.outcomes) == len(events)


def _repeats_get_the_first_answer(story: Story, events: list[Event]) -> None:
    """A registration that named no product moves on once its serial is sold; its repeat too."""
    first: dict[tuple[str, str], bytes] = {}
    for number, event in zip(story.told, events, strict=True):
        settled = story.settled[number]
        key = (story.places[number], event.id)
        if key in first:
            assert settled.outcome in {Outcome.DEDUPLICATED, Outcome.REJECTED}
            assert bytes(settled.answer) == first[key] or settled.reason == "seen before"
        first.setdefault(key, bytes(settled.answer))


def _no_serial_is_covered_twice(story: Story) -> None:
    named = [(unit.product, unit.serial_norm) for unit in story.covered if unit.serial_norm]
    assert len(named) == len(set(named))


def _nothing_is_said_of_an_ended_warranty(story: Story) -> None:
    ended: set[str] = set()
    for fact in story.said:
        warranty = getattr(fact, "warranty", None)
        assert warranty not in ended
        if fact.TYPE == "warranty.ended.v1" and warranty is not None:
            ended.add(warranty)
    assert ended == {unit.id for unit in story.units if unit.status == "ended"}


def _every_order_has_the_units_it_needs(story: Story, events: list[Event]) -> None:
    accepted = _accepted_sales(story, events)
    rows = {row.id: row for row in story.heads}
    for order, told in accepted.items():
        home = order_home("acme", "shop", order)
        replaced = {p.instead_of for p in rows[home].pointers if p.state != "refused"}
        have = Counter(
            unit.product
            for unit in story.units
            if home_of(unit.id) == home and unit.id not in replaced and _sold_under(unit, order)
        )
        have += Counter(
            product
            for product, _ in {
                (p.product, p.warranty) for p in rows[home].pointers if p.state != "refused"
            }
        )
        # A unit that a source sold under another order is none of those it sold under this one.
        apart = Counter(
            unit.product
            for unit in story.units
            if home_of(unit.id) == home
            and any(r.by == "sale" and r.reference != order for r in unit.reports)
        )
        # What came back stays back, whatever a correction says was sold.
        apart += Counter(u.product for u in story.units if home_of(u.id) == home and u.returned_by)
        refused = Counter(p.product for p in rows[home].pointers if p.state == "refused")
        for product, needed in _needed(told).items():
            assert needed - refused[product] <= have[product] <= needed + apart[product]


def _sold_under(unit: Unit, order: str) -> bool:
    return any(report.by == "sale" and report.reference == order for report in unit.reports)


def _accepted_sales(story: Story, events: list[Event]) -> dict[str, list[SaleRecorded]]:
    """Of each order and source, the highest revision that was not refused."""
    told: dict[tuple[str, str], Event] = {}
    seen: set[str] = set()
    for number, event in zip(story.told, events, strict=True):
        refused = story.settled[number].outcome is Outcome.REJECTED
        if isinstance(event.fact, SaleRecorded) and event.id not in seen and not refused:
            key = (event.fact.order.reference, event.connector)
            told[key] = max(told.get(key, event), event, key=lambda one: one.revision)
        seen.add(event.id)
    accepted: dict[str, list[SaleRecorded]] = defaultdict(list)
    for (order, _), event in told.items():
        assert isinstance(event.fact, SaleRecorded)
        accepted[order].append(event.fact)
    return accepted


def _needed(sales_of_order: list[SaleRecorded]) -> dict[str, int]:
    """Per product the highest quantity any source reports, and no less than the serials named."""
    needed: dict[str, int] = defaultdict(int)
    named: dict[str, set[str]] = defaultdict(set)
    for sale in sales_of_order:
        total: Counter[str] = Counter()
        for line in sale.lines:
            total[line.product.key] += line.quantity
            named[line.product.key] |= {serial.lower() for serial in line.serials}
        for product, quantity in total.items():
            needed[product] = max(needed[product], quantity)
    return {product: max(count, len(named[product])) for product, count in needed.items()}


def _dates_follow_from_reports(unit: Unit) -> None:
    sold = [report for report in unit.reports if report.by == "sale"] or list(unit.reports)
    if unit.withdrawn:
        return
    assert unit.starts_on == min(report.day for report in sold)
    assert unit.ends_on == max(report.ends_on for report in sold)
    sources = [report.connector for report in unit.reports if report.by == "sale"]
    assert len(sources) == len(set(sources))


ALIKE = [
    a_registration("A", fact={"purchased_on": "2025-12-24", "coverage_months": 60}),
    a_registration("B", by="app", customer="eve", reference="reg-2"),
    a_sale(a_line(serials=["A"]), a_line("saw", quantity=2), on=NEW_YEAR),
    a_sale(a_line(serials=["a"]), a_line("saw"), by="erp", on=NEW_YEAR),
    a_sale(a_line(serials=["A"]), by="web", order="W-1", on=NEW_YEAR),
    a_sale(a_line(serials=["B"], coverage_months=6), order="O-2", on=date(2026, 1, 2)),
    a_return({"product": {"code": "saw"}, "quantity": 2}),
    a_return({"product": {"code": "saw"}}, by="erp", reference="R-7"),
]


@settings(max_examples=150, deadline=None)
@given(
    st.permutations(ALIKE),
    st.lists(st.sampled_from(ALIKE), max_size=4),
    st.integers(0, 1000),
)
def test_every_order_of_what_does_not_conflict_ends_the_same(
    events: list[Event], repeats: list[Event], seed: int
) -> None:
    story = _told([*events, *repeats], seed)
    assert Outcome.REJECTED not in story.outcomes
    assert _end(story) == _end(_told(ALIKE, 0))


def _end(story: Story) -> Counter[tuple[object, ...]]:
    return Counter(
        (unit.product, unit.serial_norm, unit.status, unit.starts_on, unit.ends_on, unit.customer)
        for unit in story.units
    )
