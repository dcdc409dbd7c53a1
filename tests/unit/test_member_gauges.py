"""A partition that another member owns now is no longer called unclaimed or stopped by this one."""

from typing import Any

from hub.ledger.member import Member, Standby
from hub.telemetry.metrics import Metrics


def test_a_partition_that_went_elsewhere_falls_back_to_nothing() -> None:
    metrics = Metrics()
    member = Member[Any]("intake", metrics)

    def told(name: str) -> float | None:
        labels = {"topic": "intake", "partition": "3"}
        return metrics.registry.get_sample_value(name, labels)

    member._standby[3] = Standby(stopped="another Kafka", unclaimed_since=-100.0)  # noqa: SLF001 - a rebalance is too slow for a pure test
    member._report({3})  # noqa: SLF001 - see above
    assert (told("hub_partition_unclaimed_seconds") or 0) > 100
    assert told("hub_partition_stopped") == 1

    member._report(set())  # noqa: SLF001 - see above

    assert told("hub_partition_unclaimed_seconds") == 0
    assert told("hub_partition_stopped") == 0
