"""The catalogue: every metric the hub exports, with its meaning; none is a module global."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.telemetry.buckets import PART, SECONDS
from hub.telemetry.intake_metrics import IntakeMetrics
from hub.telemetry.keeping_metrics import KeepingMetrics


def from_zero(counter: Counter, *labels: object) -> None:
    """Show a counter before it counts: an alert can see an increase only of what stood there."""
    counter.labels(*labels)


class Metrics(IntakeMetrics, KeepingMetrics):
    """One process's metrics; `registry` is what its `/metrics` shows."""

    def __init__(self) -> None:
        """Register the catalogue."""
        self.registry = registry = CollectorRegistry()
        IntakeMetrics.__init__(self, registry)
        KeepingMetrics.__init__(self, registry)
        self.events = Counter(
            "hub_events", "Events by what became of them", ("topic", "outcome"), registry=registry
        )
        self.event_age = Histogram(
            "hub_event_age_seconds",
            "Age of an event, since it was received, when it reached a stage",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "hub_batch_seconds",
            "Time of one batch's statement",
            ("topic",),
            buckets=SECONDS,
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "hub_lag_seconds", "Age of the oldest event not yet decided", PART, registry=registry
        )
        self.lag_events = Gauge(
            "hub_lag_events", "Events on Kafka that are not yet decided", PART, registry=registry
        )
        self.unclaimed_seconds = Gauge(
            "hub_partition_unclaimed_seconds",
            "How long an assigned partition has had no owner",
            PART,
            registry=registry,
        )
        self.unaccounted = Gauge(
            "hub_unaccounted_events",
            "Accepted events that are in no outcome; 0 or something is wrong",
            PART,
            registry=registry,
        )
        self.open_items = Gauge(
            "hub_open_items",
            "Events that wait for another try or for a person",
            ("topic", "state"),
            registry=registry,
        )
        self.oldest_item_seconds = Gauge(
            "hub_oldest_item_seconds",
            "Age of the oldest open item",
            ("topic", "state"),
            registry=registry,
        )
        self.held_keys = Gauge(
            "hub_held_keys", "Homes whose events are held", PART, registry=registry
        )
        self.stopped = Gauge(
            "hub_partition_stopped",
            "1 while the breaker or a world check keeps a partition stopped",
            PART,
            registry=registry,
        )
        self.fenced = Counter(
            "hub_fenced_batches",
            "Batches refused because another worker owns the partition",
            PART,
            registry=registry,
        )
        self.redecided = Counter(
            "hub_redecided_batches",
            "Batches decided again because a name or row moved",
            PART,
            registry=registry,
        )
        self.seek_backs = Counter(
            "hub_seek_backs",
            "Reads that did not continue where the ledger stands",
            PART,
            registry=registry,
        )
        self.stepped_over = Counter(
            "hub_stepped_over",
            "Offsets that hold no event, such as transaction markers",
            PART,
            registry=registry,
        )
        self.went_back = Counter(
            "hub_postgres_went_back",
            "Claims that found Kafka ahead of the ledger",
            PART,
            registry=registry,
        )
        self.infrastructure = Counter(
            "hub_infrastructure_errors",
            "Kafka or Postgres away: dropped the claim, will claim again",
            ("kind",),
            registry=registry,
        )
        self.timer_failures = Counter(
            "hub_timer_failures",
            "Timers whose decision failed; they are tried again",
            ("topic",),
            registry=registry,
        )
        self.claims = Counter("hub_claims", "Partitions claimed", PART, registry=registry)
        self.projection_seq = Gauge(
            "hub_projection_seq",
            "The last sequence number a projection has applied",
            ("projection", "partition"),
            registry=registry,
        )
        self.projection_lag = Gauge(
            "hub_projection_lag_events",
            "Status events decided and not yet projected",
            ("projection", "partition"),
            registry=registry,
        )
        self.projection_failures = Counter(
            "hub_projection_failures",
            "Batches a projection could not take; it tries again",
            ("projection", "partition"),
            registry=registry,
        )
        self.projection_rebuilds = Counter(
            "hub_projection_rebuilds",
            "Projections made again from the ledger",
            ("projection",),
            registry=registry,
        )
        self.window_outcomes = Gauge(
            "hub_window_outcomes",
            "Status events by type in the open window and in the one closed last",
            ("outcome", "window"),
            registry=registry,
        )
        self.stopped_partitions = Gauge(
            "hub_stopped_partitions",
            "Partitions whose owner row says that they stand still until a person acts",
            ("topic",),
            registry=registry,
        )
        self.trail_lag = Gauge(
            "hub_trail_lag_seconds",
            "Age of the oldest line of a log that the trail does not show yet",
            ("log",),
            registry=registry,
        )
        self.trail_rows = Counter(
            "hub_trail_rows", "Lines of a log that the trail shows", ("log",), registry=registry
        )
        self.trail_failures = Counter(
            "hub_trail_failures",
            "Batches of a log that the trail could not take; it tries again",
            ("log",),
            registry=registry,
        )
        self.open_breakers = Gauge(
            "hub_open_breakers",
            "Things outside that do not answer, so that what needs them waits for them",
            registry=registry,
        )
