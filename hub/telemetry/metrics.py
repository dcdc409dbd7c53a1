"""The catalogue: every metric the hub exports, with its meaning; none is a module global."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
PART = ("topic", "partition")


class Metrics:
    """One process's metrics; `registry` is what its `/metrics` shows."""

    def __init__(self) -> None:
        """Register the catalogue."""
        self.registry = registry = CollectorRegistry()
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
        self.door_requests = Counter(
            "hub_door_requests",
            "Requests by door and answer, refusals included however many come",
            ("door", "status"),
            registry=registry,
        )
        self.refusals_suppressed = Counter(
            "hub_refusals_suppressed",
            "Refusals counted and not written one by one, because their caller floods a door",
            ("door",),
            registry=registry,
        )
        self.refusals_dropped = Counter(
            "hub_refusals_dropped",
            "Refusals that never reached the audit topic, because Kafka was away for long",
            ("door",),
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
        self.bulk_paused = Gauge(
            "hub_bulk_paused",
            "1 while files and replays wait, because decisions come late",
            ("topic",),
            registry=registry,
        )
        self.file_rows = Counter(
            "hub_file_rows",
            "Rows of dropped files by what they were told",
            ("status",),
            registry=registry,
        )
        self.files_ended = Counter(
            "hub_files_ended", "Dropped files: done or refused", ("state",), registry=registry
        )
        self.file_failures = Counter(
            "hub_file_failures",
            "Times that our code broke off the work at a drop folder; it goes on after a rest",
            ("connector",),
            registry=registry,
        )
        self.landed = Counter(
            "hub_landed_records",
            "Records taken in from sources and acknowledged by Kafka",
            ("connector",),
            registry=registry,
        )
        self.raw_records = Counter(
            "hub_raw_records",
            "Landed records by what became of them",
            ("topic", "outcome"),
            registry=registry,
        )
        self.raw_events = Counter(
            "hub_raw_events", "Events made from landed records", ("topic",), registry=registry
        )
        self.raw_lag_records = Gauge(
            "hub_raw_lag_records", "Landed records not yet translated", PART, registry=registry
        )
        self.raw_lag_seconds = Gauge(
            "hub_raw_lag_seconds",
            "Age of the oldest landed record not yet translated",
            PART,
            registry=registry,
        )
        self.raw_unaccounted = Gauge(
            "hub_raw_unaccounted",
            "Landed records that are in no outcome; 0 or something is wrong",
            PART,
            registry=registry,
        )
        self.parked = Gauge(
            "hub_parked_records",
            "Landed records that could not be translated and wait for a person",
            ("topic",),
            registry=registry,
        )
        self.pull_failures = Counter(
            "hub_pull_failures",
            "Pulls that a source did not answer, or that our code broke off",
            ("connector",),
            registry=registry,
        )
        self.pull_late_seconds = Gauge(
            "hub_pull_late_seconds",
            "How much longer than its interval a source has not been asked to its end",
            ("connector",),
            registry=registry,
        )
