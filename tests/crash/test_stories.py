"""The load is what it says it is: real orders, each with the effect it must have."""

import json
import random
from collections import Counter

from hub.dev.checker.sent import expect
from hub.dev.crash.diary import Diary
from hub.dev.crash.plan import LEAST_KILLS
from hub.dev.crash.stories import Story, Teller
from hub.dev.crash.torment import SHARES, split
from hub.dev.crash.watch import Watch
from schemas.catalogue import TOLD
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded, SaleReturned

MODELS = {fact.TYPE: fact for fact in TOLD}


def a_teller() -> Teller:
    return Teller(random.Random(7), "t")  # noqa: S311 - a repeatable mixture, no secret


def stories(count: int = 400) -> list[Story]:
    teller = a_teller()
    return [teller.story() for _ in range(count)]


def test_tells_only_what_the_contract_knows() -> None:
    kinds = set()
    for story in stories():
        for _, event in story:
            kinds.add(type(MODELS[event.type].model_validate_json(event.body)))

    assert kinds == {SaleRecorded, SaleReturned, RegistrationRequested}


def test_expects_as_many_units_as_the_lines_of_a_sale_add_up_to() -> None:
    for story in stories():
        for _, event in story:
            if event.type == SaleRecorded.TYPE:
                lines = json.loads(event.body)["lines"]
                assert len(event.covers) == sum(line["quantity"] for line in lines)
                assert len(set(event.covers)) == len(event.covers)


def test_returns_only_what_was_sold_before() -> None:
    returned = 0
    for story in stories():
        sold: set[str] = set()
        for _, event in story:
            assert set(event.ends) <= sold
            returned += bool(event.ends)
            sold.update(event.covers)
    assert returned > 40


def test_gives_every_event_an_id_of_its_own() -> None:
    ids = Counter(event.id for story in stories() for _, event in story)

    assert max(ids.values()) == 1


def test_shares_kills_so_that_fifty_reach_every_kind_five_times() -> None:
    shared = split(50, ["process", "project", "insight"])

    assert sum(shared.values()) == 50
    assert min(shared.values()) >= 5


def test_shares_few_zombies_so_that_what_decides_is_among_them() -> None:
    for total in (0, 1, 5, 8, 20):
        shared = split(total, list(SHARES))

        assert sum(shared.values()) == total
        assert min(shared.values()) >= 0
        assert shared["process"] >= min(total, 1)
    assert min(split(50, list(SHARES)).values()) >= LEAST_KILLS


def test_expects_nothing_of_a_sale_whose_transaction_was_aborted() -> None:
    diary = Diary(Watch("unused"), partitions=6)
    sale = a_teller().sale("erp")
    diary.undone(sale)

    expected = expect(diary.sent())

    assert not expected.covered
    assert not expected.optional
