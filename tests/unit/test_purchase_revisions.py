"""Any order of arrival of the revisions of what several sources say, against a small oracle.

A source's last revision counts; whatever its earlier ones said, and whenever they came, must leave
no trace but warranties that ended as corrected. Each test names the worlds it holds for: where
serials or dates of several sources contradict each other, who is matched with whom follows from
who came first, with corrections as without.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.coverage import add_months
from hub.processors.purchase.state import Unit
from hub.sdk.events import Event, Outcome
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale

PRODUCTS = ["drill", "saw"]
DEFAULT = 24


class Goods(NamedTuple):
    """What one revision says of one product."""

    product: str
    quantity: int
    serials: tuple[str, ...] = ()
    months: int = DEFAULT


class Said(NamedTuple):
    """One revision of what a source says of the order."""

    goods: tuple[Goods, ...]
    day: date = NEW_YEAR


World = dict[str, list[Said]]
"""Each source's revisions, the first is 1; the last one is the truth."""


def _event(source: str, revision: int, said: Said) -> Event:
    lines = [
        a_line(one.product, quantity=one.quantity, serials=one.serials, coverage_months=one.months)
        for one in said.goods
    ]
    return a_sale(
        *lines,
        by=source,
        on=said.day,
        raw=f"raw-{source}",
        revision=revision,
        id=f"{source}-{revision}",
    )


def _sales(world: World) -> list[Event]:
    return [
        _event(source, number, said)
        for source, revisions in world.items()
        for number, said in enumerate(revisions, start=1)
    ]


def _truth(world: World) -> dict[str, Said]:
    return {source: revisions[-1] for source, revisions in world.items()}


@st.composite
def _worlds(
    draw: st.DrawFn, said: st.SearchStrategy[Said], truth: st.SearchStrategy[Said] | None = None
) -> World:
    sources = draw(st.lists(st.sampled_from(["till", "erp", "web"]), min_size=1, unique=True))
    wrong = {source: draw(st.lists(said, max_size=2)) for source in sources}
    last = said if truth is None else truth
    return {source: [*wrong[source], draw(last)] for source in sources}


@st.composite
def _orders(draw: st.DrawFn, events: Sequence[Event]) -> list[Event]:
    repeats = draw(st.lists(st.sampled_from(events), max_size=4))
    return draw(st.permutations([*events, *repeats]))


def _goods(
    serials: list[str], least: int = 0, months: Sequence[int] = (DEFAULT,), most: int = 3
) -> st.SearchStrategy[tuple[Goods, ...]]:
    """Some of each product, sold in one line of it."""

    @st.composite
    def build(draw: st.DrawFn) -> tuple[Goods, ...]:
        found = []
        for product in PRODUCTS:
            named = draw(st.lists(st.sampled_from(serials), unique=True)) if serials else []
            # A serial is one unit of one product here.
            named = [f"{product}-{serial}" for serial in named]
            quantity = len(named) + draw(st.integers(least, most))
            if quantity:
                found.append(Goods(product, quantity, tuple(named), draw(st.sampled_from(months))))
        return tuple(found) or (Goods("drill", 1),)

    return build()


def _tell(events: Iterable[Event], seed: int = 0) -> Story:
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of delivery is no secret
    story = Story()
    for event in events:
        story.tell(event)
        if story.letters and chance.random() < 0.3:
            again = chance.choice(story.letters)
            story.letters.append(replace(again, id=f"{again.id}-{len(story.told)}"))
        if chance.random() < 0.5:
            story.deliver(chance.randrange)
    story.deliver(chance.randrange)
    story.pass_days(20)
    return story


def _remaining(story: Story) -> list[Unit]:
    """Every unit but those that turned out never to have been sold."""
    assert Outcome.REJECTED not in story.outcomes
    assert story.codes == []
    return [unit for unit in story.units if not unit.withdrawn]


def _check_withdrawn(story: Story) -> None:
    """What was never sold has ended as such, once, and holds no name."""
    for unit in story.units:
        said = [
            fact.TYPE.split(".")[1]
            for fact in story.said
            if getattr(fact, "warranty", "") == unit.id
        ]
        assert said.count("activated") == 1
        assert said.count("ended") == (unit.status == "ended")
        if unit.withdrawn:
            assert said[-1] == "ended"


def _quantities(world: World) -> Counter[tuple[str, str | None]]:
    """Each serial once, and beyond them the highest quantity any source reports."""
    units: Counter[tuple[str, str | None]] = Counter()
    for product in PRODUCTS:
        told = [
            one for said in _truth(world).values() for one in said.goods if one.product == product
        ]
        named = {serial for one in told for serial in one.serials}
        units.update({(product, serial): 1 for serial in named})
        most = max((one.quantity for one in told), default=0)
        if most > len(named):
            units[product, None] = most - len(named)
    return units


def _truths(goods: st.SearchStrategy[tuple[Goods, ...]]) -> st.SearchStrategy[Said]:
    """Contents about whose dates all sources agree."""
    return st.builds(Said, goods, st.just(NEW_YEAR))


wrong = st.builds(
    Said,
    _goods(["a", "b", "c"], months=(6, DEFAULT)),
    st.sampled_from([NEW_YEAR, NEW_YEAR + timedelta(days=1)]),
)


@settings(max_examples=100, deadline=None)
@given(_worlds(wrong, _truths(_goods(["a", "b", "c"]))), st.data())
def test_units_and_serials_end_as_the_last_revisions_say(world: World, data: st.DataObject) -> None:
    """Sources differ in quantities and serials, not in what they finally say of the dates."""
    events = data.draw(_orders(_sales(world)))

    story = _tell(events)

    left = _remaining(story)
    assert Counter((unit.product, unit.serial) for unit in left) == _quantities(world)
    assert {(u.starts_on, u.ends_on) for u in left} == {(NEW_YEAR, add_months(NEW_YEAR, DEFAULT))}
    _check_withdrawn(story)
    _check_answers(story, events, world)


def _check_answers(story: Story, events: Sequence[Event], world: World) -> None:
    """Whoever says the truth hears of as many covered units as it sold, each once."""
    for event, answer in zip(events, story.answers, strict=True):
        told = answer["warranties"]
        assert len({one["id"] for one in told}) == len(told)
        if event.id == f"{event.connector}-{len(world[event.connector])}":
            truth = _truth(world)[event.connector]
            assert len(told) == sum(one.quantity for one in truth.goods)
            assert {one["status"] for one in told} == {"covered"}


dated = st.builds(
    Said,
    _goods([], months=(6, 12, DEFAULT)),
    st.sampled_from([NEW_YEAR + timedelta(days=days) for days in range(3)]),
)


@settings(max_examples=100, deadline=None)
@given(_worlds(dated), st.data())
def test_dates_end_as_the_last_revisions_say(world: World, data: st.DataObject) -> None:
    """Without serials: of every source, the first so many units are those it sold."""
    story = _tell(data.draw(_orders(_sales(world))))

    expected: Counter[tuple[object, ...]] = Counter()
    for product in PRODUCTS:
        told = [
            (said.day, one)
            for said in _truth(world).values()
            for one in said.goods
            if one.product == product
        ]
        for number in range(max((one.quantity for _, one in told), default=0)):
            here = [(day, one) for day, one in told if one.quantity > number]
            starts_on = min(day for day, _ in here)
            ends_on = max(add_months(day, one.months) for day, one in here)
            expected[product, starts_on, ends_on] += 1
    left = _remaining(story)
    assert Counter((unit.product, unit.starts_on, unit.ends_on) for unit in left) == expected
    _check_withdrawn(story)


returned_day = NEW_YEAR + timedelta(days=9)
RETURNS = [
    a_return({"product": {"code": "drill"}}, on=returned_day),
    a_return({"product": {"code": "drill"}}, on=returned_day, reference="back-2"),
    a_return({"product": {"code": "drill"}, "quantity": 2}, by="erp", on=returned_day),
]


@settings(max_examples=100, deadline=None)
@given(
    _worlds(
        st.builds(Said, _goods([], least=2, months=(6, DEFAULT)), wrong.map(lambda said: said.day)),
        _truths(_goods([], least=2)),
    ),
    st.lists(st.sampled_from(RETURNS), unique_by=lambda event: event.id),
    st.data(),
)
def test_what_came_back_stays_back(world: World, returns: list[Event], data: st.DataObject) -> None:
    """Without serials: of what was finally sold, as many are covered as did not come back."""
    # A source returns only what it has sold.
    returns = [event for event in returns if event.connector in world]
    events = data.draw(_orders([*_sales(world), *returns]))

    story = _tell(events)

    back = Counter({"till": 0})
    for event in returns:
        back[event.connector] += 1 if event.connector == "till" else 2
    gone = max(back.values())
    left = _remaining(story)
    assert Counter((unit.product, unit.status) for unit in left) == Counter(
        {
            ("drill", "covered"): _quantities(world)["drill", None] - gone,
            ("drill", "ended"): gone,
            ("saw", "covered"): _quantities(world)["saw", None],
        }
    )
    assert {(u.starts_on, u.ends_on) for u in left} == {(NEW_YEAR, add_months(NEW_YEAR, DEFAULT))}
    _check_withdrawn(story)


def _with_k(goods: tuple[Goods, ...]) -> tuple[Goods, ...]:
    """The serial that every revision names, so that its return is never refused."""
    rest = tuple(one for one in goods if one.product == "saw")
    drill = next((one for one in goods if one.product == "drill"), Goods("drill", 0))
    return (
        Goods("drill", len(drill.serials) + 1, (*drill.serials, "drill-k"), drill.months),
        *rest,
    )


named_only = st.builds(
    Said,
    _goods(["a", "b", "c"], months=(6, 12, DEFAULT), most=0).map(_with_k),
    st.sampled_from([NEW_YEAR + timedelta(days=days) for days in range(3)]),
)


@settings(max_examples=100, deadline=None)
@given(_worlds(named_only), st.booleans(), st.data())
def test_named_units_end_as_the_last_revisions_say(
    world: World,
    returned: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    """With serials alone, whatever dates the sources say: a unit is what is said of its serial."""
    back = [
        a_return(
            {"serials": ["drill-K"]}, by=source, on=returned_day, raw=f"back-{source}", revision=n
        )
        for source in world
        for n in (1, 2)
        if returned
    ]
    story = _tell(data.draw(_orders([*_sales(world), *back])))

    expected = Counter[tuple[object, ...]]()
    terms: dict[tuple[str, str], list[tuple[date, date]]] = {}
    for said in _truth(world).values():
        for one in said.goods:
            for serial in one.serials:
                ends_on = add_months(said.day, one.months)
                terms.setdefault((one.product, serial), []).append((said.day, ends_on))
    for (product, serial), told in terms.items():
        status = "ended" if returned and serial == "drill-k" else "covered"
        starts_on, ends_on = min(day for day, _ in told), max(end for _, end in told)
        expected[product, serial, status, starts_on, ends_on] += 1
    assert expected == Counter(
        (unit.product, unit.serial, unit.status, unit.starts_on, unit.ends_on)
        for unit in _remaining(story)
    )
    _check_withdrawn(story)


REGISTERED = [
    a_registration("k", customer="ada", raw="raw-reg", revision=1, id="reg-1"),
    a_registration(
        "K", customer="eve", raw="raw-reg", revision=2, id="reg-2", fact={"branch": "portal"}
    ),
]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        # No letter takes longer than an early event waits.
        st.tuples(
            st.sampled_from([NEW_YEAR, NEW_YEAR + timedelta(days=2)]), st.sampled_from([6, 12])
        ),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
    st.integers(0, 1000),
    st.data(),
)
def test_a_registered_unit_ends_as_the_last_revisions_say(
    terms: list[tuple[date, int]],
    returned: bool,  # noqa: FBT001 - drawn
    seed: int,
    data: st.DataObject,
) -> None:
    """Wherever the unit was born, in the order's home or the serial's, and whatever letters do."""
    revisions = [Said((Goods("drill", 1, ("K",), months),), day) for day, months in terms]
    back = [a_return({"serials": ["K"]}, on=NEW_YEAR + timedelta(days=3)) for _ in range(returned)]
    world = {"till": revisions}

    story = _tell(data.draw(_orders([*_sales(world), *REGISTERED])) + back, seed)

    day, months = terms[-1]
    assert [
        (unit.serial_norm, unit.status, unit.starts_on, unit.ends_on, unit.customer, unit.branch)
        for unit in _remaining(story)
    ] == [("k", "ended" if returned else "covered", day, add_months(day, months), "eve", "portal")]
    assert story.letters == []
    assert story.timers == {}
