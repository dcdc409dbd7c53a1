"""Any order, repetition and delay of sales that name products and of what is said of them.

The oracle knows no versions, names or letters. A product that is described is as the latest of its
descriptions says, whatever sales call it; one that only sales name has a name that one of them gave,
the first that was decided; movements of stock add up, each once.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.products import name_key
from hub.processors.catalog.state import ProductRow
from schemas.base import Fact
from schemas.events.product import CategoryDescribed, ProductDescribed, StockMoved
from schemas.events.sale import SaleRecorded
from tests.unit.catalog_story import MORNING
from tests.unit.story import NEW_YEAR, Story, a_line, a_sale, an_event

SCHEDULES = int(os.environ.get("HUB_CATALOG_SCHEDULES", "60"))
HOURS = st.integers(0, 5)
CODES = st.sampled_from(["A", "B"])
TERMS = st.sampled_from([None, 12, 24])


class Told(NamedTuple):
    """Something that is said, and how often."""

    fact: Any
    times: int


def _terms(months: int | None) -> dict[str, Any] | None:
    return {"standard": {"months": months, "type": "repair"}} if months else None


def _products() -> st.SearchStrategy[Fact]:
    """A code keeps its brand and name; all else of a product may be said otherwise every hour."""
    return st.builds(
        lambda code, hour, category, months: ProductDescribed.model_validate(
            {
                "code": code,
                "brand": "Acme",
                "name": f"Tool {code}",
                "described_at": MORNING + timedelta(hours=hour),
                "category": category,
                "terms": _terms(months),
            }
        ),
        CODES,
        HOURS,
        st.sampled_from([None, "x", "y"]),
        TERMS,
    )


def _categories() -> st.SearchStrategy[Fact]:
    return st.builds(
        lambda code, hour, months: CategoryDescribed.model_validate(
            {
                "code": code,
                "described_at": MORNING + timedelta(hours=hour),
                "terms": _terms(months),
            }
        ),
        st.sampled_from(["x", "y"]),
        HOURS,
        TERMS,
    )


def _movements() -> st.SearchStrategy[Fact]:
    """A reference stands for one movement."""
    return st.builds(
        lambda number: StockMoved.model_validate(
            {
                "reference": f"m{number}",
                "product": "AB"[number % 2],
                "branch": "north",
                "quantity": (-1) ** number * (number + 1),
                "moved_at": MORNING,
            }
        ),
        st.integers(0, 6),
    )


GOODS = st.sampled_from(
    [
        {"code": "A"},
        {"code": "A", "name": "tool  a"},
        {"code": "A", "brand": "Other", "name": "Another"},
        {"code": "C", "name": "Charm"},
        {"brand": "ACME", "name": "tool b"},
        {"brand": "Acme", "name": "Tool Z"},
    ]
)


def _sales() -> st.SearchStrategy[Fact]:
    def build(number: int, products: list[dict[str, str]]) -> SaleRecorded:
        event = a_sale(*map(a_line, products), order=f"O-{number}-{len(products)}")
        assert isinstance(event.fact, SaleRecorded)
        return event.fact

    return st.builds(build, st.integers(1, 3), st.lists(GOODS, min_size=1, max_size=3))


worlds = st.lists(
    st.builds(
        Told, st.one_of(_products(), _categories(), _movements(), _sales()), st.integers(1, 2)
    ),
    min_size=1,
    max_size=14,
)


def _tell(told: Sequence[Told], chance: random.Random) -> Story:
    """Everything as often as it is said, in some order, letters as late as they like."""
    story = Story()
    # The body of an id is always the same, whoever repeats it.
    events = [an_event(one.fact, by="feed", day=NEW_YEAR) for one in told for _ in range(one.times)]
    chance.shuffle(events)
    for event in events:
        if isinstance(event.fact, SaleRecorded):
            story.tell(event)
        else:
            story.catalog.take(msgspec.structs.replace(event, time=MORNING, received_at=MORNING))
        if chance.random() < 0.4:
            story.deliver(chance.randrange)
    story.deliver(chance.randrange)
    return story


def _latest(facts: Sequence[Fact], kind: type[Any]) -> dict[str, Any]:
    """By code, the time of what counts and all descriptions of that time."""
    found: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, kind):
            at, same = found.get(fact.code, (fact.described_at, []))
            if fact.described_at > at:
                at, same = fact.described_at, []
            if fact.described_at == at:
                same.append(fact)
            found[fact.code] = (at, same)
    return found


def _said(row: Any) -> dict[str, Any]:
    """What a product or category says, as it was told."""
    names = ("brand", "name", "category") if isinstance(row, ProductRow) else ()
    kept = {name: getattr(row, name) for name in names}
    return {name: value for name, value in kept.items() if value is not None} | dict(row.said)


def _content(fact: Fact) -> dict[str, Any]:
    how = {"code", "described_at", "expects_version"}
    content: dict[str, Any] = fact.model_dump(mode="json", exclude=how, exclude_defaults=True)
    return content


def _check(story: Story, facts: Sequence[Fact]) -> None:
    described = _latest(facts, ProductDescribed)
    rows: dict[Any, ProductRow] = {row.code or row.name_key: row for row in story.catalog.products}
    sold = {
        # Of two sales of one order, the second is refused unless it is the first again.
        event_line.product
        for row in story.heads
        for sale in row.sales
        for event_line in sale.lines
    }
    assert len(rows) == len(story.catalog.products)
    for code, (at, same) in described.items():
        row = rows.pop(code)
        assert _said(row) in [_content(fact) for fact in same]
        assert row.described_at == at
    for key, row in rows.items():
        assert row.number == 0
        assert key in ({"A", "B", "C"} | {name_key("Acme", f"Tool {c}") for c in "BZ"})
        assert (row.code or f"{row.brand}/{row.name}".casefold()) in sold
    categories = {row.code: row for row in story.catalog.categories}
    for code, (_, same) in _latest(facts, CategoryDescribed).items():
        assert categories.pop(code).said in [_content(fact) for fact in same]
    assert categories == {}
    moved: Counter[tuple[str, str]] = Counter()
    for reference in {
        fact.reference: fact for fact in facts if isinstance(fact, StockMoved)
    }.values():
        moved[reference.product, reference.branch] += reference.quantity
    assert story.catalog.stock == dict(moved)


def _shown(story: Story) -> list[Any]:
    """What anybody sees of the catalogue, but for how often it was told and by whom first."""
    described = [(r.code, _said(r), r.described_at) for r in story.catalog.products if r.number]
    return [
        described,
        [(r.code, r.said, r.described_at) for r in story.catalog.categories],
        story.catalog.stock,
    ]


@settings(max_examples=SCHEDULES, deadline=None)
@given(told=worlds, chance=st.randoms(use_true_random=False))
def test_the_catalogue_ends_the_same_in_any_order(told: list[Told], chance: random.Random) -> None:
    facts = [one.fact for one in told]
    one, other = _tell(told, chance), _tell(told, chance)

    _check(one, facts)
    _check(other, facts)
    assert _shown(one) == _shown(other)
