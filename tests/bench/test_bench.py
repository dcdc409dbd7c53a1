"""The comparison is fair: the same events, and every loop does all of the work."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.dev.bench.contenders import PARTITIONS, WHOLE
from hub.dev.bench.measure import Figures
from hub.dev.bench.rounds import CONTENDERS, holds, mixture, once, summary
from hub.dev.crash.installation import Installation
from schemas.events.sale import SaleRecorded


def figures(rate: float, rss: float = 100) -> Figures:
    return Figures(rate, 50, 30, 20, rss, 4)


@pytest.fixture
def servers() -> Iterator[Installation]:
    with TemporaryDirectory(prefix="warranty-hub-") as folder:
        place = Installation(Path(folder), PARTITIONS)
        place.start()
        try:
            yield place
        finally:
            place.stop()


def test_sends_valid_sales_of_a_kilobyte_and_one_in_twenty_twice() -> None:
    records, unique = mixture("hub", "r1", 2000)

    assert {len(record.value) for record in records} == {1024}
    assert all(SaleRecorded.model_validate_json(record.value) for record in records[:50])
    copies = Counter(record.id for record in records)
    assert len(copies) == unique
    assert len(records) - unique == pytest.approx(unique * 0.05, rel=0.5)


def test_puts_a_contact_only_into_the_second_figure() -> None:
    without, _ = mixture("hub", "r1", 20)
    with_contact, _ = mixture("hub_contact", "r1", 20)

    assert not any("customer" in json.loads(record.value) for record in without)
    assert all("email" in json.loads(record.value)["customer"] for record in with_contact)
    assert {len(record.value) for record in with_contact} == {1024}


def test_compares_medians_and_knows_its_bars() -> None:
    rates = {"ordinary": 100.0, "tuned": 200.0, "hub": 110.0, "hub_contact": 90.0, WHOLE: 60.0}
    found = {name: [figures(rates[name] * f) for f in (0.1, 1, 3)] for name in CONTENDERS}

    plain = summary(found)

    assert (plain["ratio_to_ordinary"], plain["ratio_to_tuned"]) == (1.1, 0.55)
    assert holds(plain)
    assert not holds(plain | {"ratio_to_ordinary": 0.99})
    assert not holds(plain | {"ratio_whole_to_ordinary": 0.49})
    assert not holds(plain | {"rss_mb": 250.0})


@pytest.mark.servers
@pytest.mark.parametrize("name", CONTENDERS)
async def test_every_contender_does_all_of_the_work(servers: Installation, name: str) -> None:
    # It raises where a row or a status event is missing.
    run = await once(servers, name, f"t{name}", 2000)

    assert run.events_per_s > 0
    assert run.rss_mb > 10
