"""No series grows with the merchants: whose something is stands in logs and the audit, never in a label."""

from hub.telemetry.metrics import Metrics

OF_A_MERCHANT = {"tenant", "person", "principal", "key", "customer", "email"}


def test_no_metric_is_labelled_by_whose_it_is() -> None:
    metrics = Metrics()
    labels = {
        name: set(found._labelnames)  # noqa: SLF001 - the client library shows them nowhere else
        for name, found in vars(metrics).items()
        if hasattr(found, "_labelnames")
    }

    assert len(labels) > 10
    assert {name for name, of in labels.items() if of & OF_A_MERCHANT} == set()
