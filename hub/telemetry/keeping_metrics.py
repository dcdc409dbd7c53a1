"""Metrics of what is kept and what leaves: the audit, retention, deliveries."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.telemetry.buckets import SECONDS


class KeepingMetrics:
    """Those of the audit log, of what is let go, and of endpoints."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        for of_a_room in (self._of_the_audit, self._keeping, self._of_deliveries):
            of_a_room(registry)

    def _of_the_audit(self, registry: CollectorRegistry) -> None:
        """Of the audit log and its chains."""
        self.audit_unlinked = Gauge(
            "hub_audit_unlinked_seconds",
            "Age of the oldest row of the audit log that no chain has yet",
            registry=registry,
        )
        self.audit_linked = Counter(
            "hub_audit_linked", "Rows of the audit log that a chain took", registry=registry
        )
        self.audit_failures = Counter(
            "hub_audit_failures",
            "Times that a chain of the audit log could not be linked; it is tried again",
            registry=registry,
        )

    def _keeping(self, registry: CollectorRegistry) -> None:
        """Of what is let go, and of whom."""
        self.retained = Counter(
            "hub_retained",
            "What was let go because it was too old, or was asked to be forgotten",
            ("what",),
            registry=registry,
        )
        self.retention_failures = Counter(
            "hub_retention_failures",
            "Times that a kind of thing could not be let go",
            ("what",),
            registry=registry,
        )
        self.retention_overdue = Gauge(
            "hub_retention_overdue_seconds",
            "How long ago the oldest thing of a table ought to have gone",
            ("table",),
            registry=registry,
        )
        self.erasure_waits = Gauge(
            "hub_erasure_waits_seconds",
            "Age of the oldest wish to be forgotten that is not carried out",
            registry=registry,
        )

    def _of_deliveries(self, registry: CollectorRegistry) -> None:
        """Of what leaves, and of whom it goes to."""
        self.delivery_attempts = Counter(
            "hub_delivery_attempts",
            "Attempts to deliver, by what became of the delivery",
            ("kind", "fate"),
            registry=registry,
        )
        self.delivery_seconds = Histogram(
            "hub_delivery_attempt_seconds",
            "Time of one attempt to deliver",
            ("kind",),
            buckets=SECONDS,
            registry=registry,
        )
        self.deliveries = Gauge(
            "hub_open_deliveries",
            "Deliveries to endpoints that are asked: due, waiting for a later try, or on their way",
            ("state",),
            registry=registry,
        )
        self.delivery_late_seconds = Gauge(
            "hub_delivery_late_seconds",
            "How long the oldest delivery is due to an endpoint that answers",
            registry=registry,
        )
        self.endpoints = Gauge(
            "hub_endpoints",
            "Endpoints by how they stand: active, failing (asked by one attempt at a time), paused, disabled",
            ("state",),
            registry=registry,
        )
