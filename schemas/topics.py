"""Every topic, declared once: its partitions, retention, size limit, and who writes and reads it."""

from dataclasses import dataclass

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as `hub topics apply` makes it."""

    name: str
    about: str
    writers: str
    readers: str
    retention_ms: int
    max_message_bytes: int
    keyed: bool = True
    """Keyed topics share the hub's partition count, which never changes."""
    log_append_time: bool = False

    def settings(self, replication: int = 1) -> dict[str, str]:
        """The topic's configuration as the broker names it."""
        stamp = "LogAppendTime" if self.log_append_time else "CreateTime"
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": stamp,
            # One copy may be down while another takes writes; with fewer than three it is one.
            "min.insync.replicas": "2" if replication > 2 else "1",  # noqa: PLR2004 - see above
        }


def dead_letters(intake: Topic) -> Topic:
    """The topic on which outsiders can watch what an intake topic's processor set aside."""
    return Topic(
        name=f"{intake.name}.dlq",
        about=f"Sealed copies of what could not be decided from {intake.name}",
        writers="the processor",
        readers="operators",
        retention_ms=30 * DAY_MS,
        max_message_bytes=13 * MIB,
    )


WARRANTY_INTAKE = Topic(
    name="warranty.intake.v1",
    about="What we are told: sales, returns, registrations",
    writers="connectors, doors, systems of the platform by ACL",
    readers="the warranty processor",
    retention_ms=7 * DAY_MS,
    # Larger than any sensible event, so that an oversized one is answered with a reason by us
    # and not lost in a publisher's buffer.
    max_message_bytes=12 * MIB,
    log_append_time=True,
)
WARRANTY_STATUS = Topic(
    name="warranty.status.v1",
    about="What we decided: activated, linked, ended, refused",
    writers="the warranty processor",
    readers="anyone by ACL",
    retention_ms=30 * DAY_MS,
    max_message_bytes=MIB,
)
WARRANTY_DEAD_LETTERS = dead_letters(WARRANTY_INTAKE)

CATALOG_INTAKE = Topic(
    name="catalog.intake.v1",
    about="What we are told: policies, that a merchant begins, products, categories, stock",
    writers="doors, connectors, systems of the platform by ACL, the warranty processor",
    readers="the catalog processor",
    retention_ms=7 * DAY_MS,
    max_message_bytes=12 * MIB,
    log_append_time=True,
)
CATALOG_STATUS = Topic(
    name="catalog.status.v1",
    about="What we decided: versions of policies, merchants that went live, products, stock",
    writers="the catalog processor",
    readers="anyone by ACL",
    retention_ms=30 * DAY_MS,
    max_message_bytes=MIB,
)
CATALOG_DEAD_LETTERS = dead_letters(CATALOG_INTAKE)

REPLIES = Topic(
    name="replies.v1",
    about="Wake-ups for callers that wait; the answer itself stands in Postgres",
    writers="processors",
    readers="the hub's own API",
    retention_ms=DAY_MS // 24,
    max_message_bytes=MIB,
    keyed=False,
)
AUDIT = Topic(
    name="audit.v1",
    about="What a door refused (hash, size and reason, never the body), and signed heads of the audit",
    writers="doors, whoever links the audit's chains",
    readers="the audit log, whoever verifies it, anyone by ACL",
    retention_ms=30 * DAY_MS,
    max_message_bytes=MIB,
    keyed=False,
)


def raw(connector: str) -> Topic:
    """Where a connector's payloads land as they came, before anything is made of them."""
    return Topic(
        name=f"raw.{connector}.v1",
        about=f"Payloads of {connector} exactly as received",
        writers="the push door and the pollers",
        readers=f"the translators of {connector}",
        retention_ms=7 * DAY_MS,
        max_message_bytes=3 * MIB,
        log_append_time=True,
    )


ALL = (
    *(WARRANTY_INTAKE, WARRANTY_STATUS, WARRANTY_DEAD_LETTERS),
    *(CATALOG_INTAKE, CATALOG_STATUS, CATALOG_DEAD_LETTERS),
    *(REPLIES, AUDIT),
)
"""Those that every installation has; `raw` names one more for each installed connector."""
