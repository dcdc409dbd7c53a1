"""Metrics of what comes in: doors, what landed, what was made of it, and sources."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from hub.telemetry.buckets import PART


class IntakeMetrics:
    """Those of doors, translators, drop folders and pullers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
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
        self.silent_sources = Gauge(
            "hub_silent_sources",
            "Sources that have landed nothing for longer than they were said to be quiet at most",
            ("connector",),
            registry=registry,
        )
