"""Any order, repetition and delay of what two sources say, against a small independent oracle.

Who comes first wins, so which events are refused depends on the order of arrival. What holds in
any order: a repeat gets the first answer byte for byte; every event is counted once; no two covered
units share a product and serial; no ended unit is covered again but by hand; an order has, per product, as many
units as its accepted sales and their serials require; and a unit's dates follow from its reports
and what was granted by hand. What people end and reinstate meanwhile breaks none of it.
Where nothing can be refused (one order, no serials that contradict it) the end is the same.
"""

import operator
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.serials import KIND, name_value
from hub.processors.purchase.state import Unit
from hub.sdk.events import Event, Outcome
from schemas.events.decided import WarrantyReinstated
from schemas.events.sale import SaleDeleted, SaleRecorded
from schemas.refs import home_of, order_home, serial_home, warranty_id
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
    rows_of,
)
from tests.unit.test_purchase_extension import a_coverage

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


def _posts(line: Lines, most: int) -> st.SearchStrategy[Event]:
    """A door's caller posts an order, of which there is no record, perhaps again by another id."""
    return st.builds(
        lambda own, number, **rest: a_sale(
            *own, by="door", id=f"{rest['order']}-{number}-{own}-{rest['on']}", **rest
        ),
        st.lists(line, min_size=1, max_size=most),
        st.integers(1, 2),
        order=orders,
        on=days,
    )


def _deletions() -> st.SearchStrategy[Event]:
    return st.builds(
        lambda number, **rest: a_deletion(
            id=f"delete-{rest['by']}-{rest['order']}-{number}", **rest
        ),
        st.integers(1, 2),
        order=orders,
        by=st.sampled_from(["till", "erp", "door"]),
    )


def _by_hand(most: int) -> st.SearchStrategy[Event]:
    """An owner of the merchant ends, reinstates and extends what he finds."""
    numbers = st.integers(1, most)
    about: dict[str, Any] = {
        "warranty": st.builds(lambda order, n: warranty_id(_home(order), n), orders, numbers),
        "number": st.integers(1, 9),
    }
    until = st.sampled_from([date(2027, 1, 1), date(2029, 1, 1)])
    return st.one_of(
        st.builds(
            lambda warranty, change, number: a_change(
                warranty, change, by=who("owner"), id=f"{change}-{number}-{warranty}"
            ),
            change=st.sampled_from(["end", "reinstate"]),
            **about,
        ),
        st.builds(
            lambda warranty, until, number: an_override(
                warranty, 0, until=until, id=f"{until}-{number}-{warranty}"
            ),
            until=until,
            **about,
        ),
    )


def _home(order: str) -> str:
    return order_home("acme", "shop", order)


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


def _of_a_unit(serials: list[str]) -> st.SearchStrategy[Event]:
    """Somebody tells the serial of whatever he finds, or gives it away."""
    homes = st.one_of(
        st.builds(_home, orders),
        st.builds(lambda serial: serial_home("acme", serial.lower()), st.sampled_from(serials)),
    )
    warranties = st.builds(warranty_id, homes, st.integers(1, 3))
    return st.one_of(
        st.builds(a_serial, warranties, st.sampled_from(serials)),
        st.builds(
            lambda warranty, to: a_transfer(warranty, reference=to, customer=to),
            warranties,
            st.sampled_from(["ada", "bob"]),
        ),
    )


def _histories(
    serials: list[str], products: list[str], most: int
) -> st.SearchStrategy[list[Event]]:
    sale = _sales(lines(products, serials), most)
    event = st.one_of(
        sale,
        sale,
        _posts(lines(products, serials), most),
        _returns(serials, products),
        _registrations(serials, products),
        _deletions(),
        _by_hand(3),
        _of_a_unit(serials),
    )
    return st.lists(event, min_size=1, max_size=8).flatmap(
        lambda events: st.lists(st.sampled_from(events), max_size=3).map(lambda more: events + more)
    )


def _decided_by_hand() -> st.SearchStrategy[list[Event]]:
    """What people and deletions do to units with one serial, sold before."""
    sale = _sales(lines(["drill"], ["A", "a"]), 1)
    after = st.one_of(_by_hand(1), _by_hand(1), _deletions(), sale)
    return st.builds(
        operator.add,
        st.lists(sale, min_size=1, max_size=2),
        st.lists(after, min_size=2, max_size=6),
    )


histories = st.one_of(
    _histories(["A", "a", "B"], ["drill", "saw"], 2),
    # So narrow that most events speak of the same unit.
    _histories(["A", "a"], ["drill"], 1),
    _decided_by_hand(),
)


def _told(events: Sequence[Event], seed: int) -> Story:
    """The world after these events, letters delivered whenever and in whatever order."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of delivery is no secret
    story = Story()
    story.policies = [allowing(count=99), a_coverage(transferable=True)]
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
    _a_serial_is_held_by_whoever_can_be_covered(story)
    _nothing_is_said_of_an_ended_warranty(story)
    _every_order_has_the_units_it_needs(story, events)
    _nothing_is_left_of_a_deleted_order(story, events)
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


def _a_serial_is_held_by_whoever_can_be_covered(story: Story) -> None:
    """What ended by hand can be reinstated; what came back or was deleted cannot."""
    gone = {unit.id for unit in story.units if unit.returned_by or unit.withdrawn}
    named = {
        unit.id: name_value(unit.serial_norm, unit.product)
        for unit in story.units
        if unit.serial_norm and unit.id not in gone
    }
    units = {unit.id for unit in story.units}
    held = {one.id: one.value for one in story.holders if one.kind == KIND and one.id in units}
    assert held == named


def _nothing_is_said_of_an_ended_warranty(story: Story) -> None:
    ended: set[str] = set()
    for fact in story.said:
        warranty = getattr(fact, "warranty", None)
        if isinstance(fact, WarrantyReinstated):
            ended.remove(fact.warranty)
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
    gone: set[str | None] = set()
    for event in _in_order(story, events):
        if isinstance(event.fact, SaleDeleted):
            deleted = {key for key in told if key[0] == event.fact.order.reference}
            gone |= {raw for key in deleted for raw in _records(story, *key)}
            told = {key: sale for key, sale in told.items() if key not in deleted}
        elif isinstance(event.fact, SaleRecorded) and (not event.raw or event.raw not in gone):
            key = (event.fact.order.reference, event.connector)
            told[key] = max(told.get(key, event), event, key=lambda one: one.revision)
    accepted: dict[str, list[SaleRecorded]] = defaultdict(list)
    for (order, _), event in told.items():
        assert isinstance(event.fact, SaleRecorded)
        accepted[order].append(event.fact)
    return accepted


def _in_order(story: Story, events: list[Event]) -> list[Event]:
    """What was accepted, in the order of the decisions; a repeat of an id is none."""
    by_number = dict(zip(story.told, events, strict=True))
    return [
        by_number[number]
        for number in story.decided
        if number in by_number
        and story.settled[number].outcome is not Outcome.REJECTED
        and story.settled[number].reason != "seen before"
    ]


def _records(story: Story, order: str, source: str) -> set[str | None]:
    """The raw records of an order that its home knows to be deleted."""
    home = order_home("acme", "shop", order)
    heads = [row for row in story.heads if row.id == home]
    mine = f"raw-{source}-{order}"
    return {raw for row in heads for gone in row.deleted for raw in gone.raws if raw == mine}


def _nothing_is_left_of_a_deleted_order(story: Story, events: list[Event]) -> None:
    accepted = _accepted_sales(story, events)
    for row in story.heads:
        if row.deleted and row.order_reference not in accepted:
            assert (row.sales, row.pointers) == ((), ())
            assert not any(_sold_under(unit, row.order_reference or "") for unit in story.units)


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
    granted = [unit.extended_until] if unit.extended_until else []
    extends = any(r.by == "sale" for r in sold) and any(r.by != "sale" for r in unit.reports)
    longer = [r.extended_until for r in sold if r.extended_until] if extends else []
    assert unit.ends_on == max([*granted, *longer, *(report.ends_on for report in sold)])
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
