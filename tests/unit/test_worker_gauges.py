"""A partition that another worker owns now is no longer called unclaimed or stopped by this one."""

from types import SimpleNamespace
from typing import Any, cast

from hub.ledger.search import Search
from hub.ledger.worker import Standby, Worker
from hub.telemetry.metrics import Metrics


def test_a_partition_that_went_elsewhere_falls_back_to_nothing() -> None:
    metrics, nothing = Metrics(), cast("Any", None)
    worker = Worker(nothing, nothing, nothing, nothing, metrics, 1)
    engine = cast("Any", SimpleNamespace(feed=SimpleNamespace(topic="intake")))
    standby = Standby(Search(1), stopped="another Kafka", unclaimed_since=-100.0)

    def told(name: str) -> float | None:
        labels = {"topic": "intake", "partition": "3"}
        return metrics.registry.get_sample_value(name, labels)

    worker._standby[3] = standby  # noqa: SLF001 - a rebalance is too slow for a pure test
    worker._report(engine, {3})  # noqa: SLF001 - see above
    assert (told("hub_partition_unclaimed_seconds") or 0) > 100
    assert told("hub_partition_stopped") == 1

    worker._report(engine, set())  # noqa: SLF001 - see above

    assert told("hub_partition_unclaimed_seconds") == 0
    assert told("hub_partition_stopped") == 0
