"""The faults: what each breaks, which alert must tell of it, and how it is mended."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.dev.prove.alerts import breaking
from hub.dev.prove.alerts.scene import Scene

Act = Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`lasting` are those whose alert remembers what happened, so that it does not end with the fault."""

    name: str
    alert: str
    inject: Act
    mend: Act
    lasting: bool = False
    prepare: Act | None = None
    """What comes before the fault itself."""


def _killed(kind: str, number: int | None = None) -> Act:
    async def inject(scene: Scene) -> None:
        scene.kill(kind, number)

    return inject


def _said(statement: str) -> Act:
    async def act(scene: Scene) -> None:
        await scene.sql(statement)

    return act


def _set(table: str, change: str) -> Act:
    """Change the row of partition 0: that of the intake topic, or of the raw topic."""
    return _said(f"update {table} set {change} where part = 0")  # noqa: S608 - words of ours


_ENDPOINT = """
with e as (insert into endpoint (id, tenant, kind, address, state)
           select 'ep_broken' || n, 'broken', 'http', 'https://127.0.0.1/', '{state}'
             from generate_series(1, {count}) n returning id)
insert into endpoint_pace (endpoint, tenant) select id, 'broken' from e
"""
# On their last step each, at an address that is never connected to; few at each, or it counts as away.
_DYING = """
with s as (insert into status_event (tenant, id, type, subject, branch, at, seq, body)
           select 'broken', 'evt_broken' || n, 'x', 'x', '', now(), n, '{}' from generate_series(1, 5) n
           returning id)
insert into delivery (tenant, endpoint, event, subject, tries)
select 'broken', e.id, s.id, 'x', 9 from s cross join endpoint e where e.tenant = 'broken'
"""


async def _let_die(scene: Scene) -> None:
    await scene.sql(_ENDPOINT.format(state="active", count=4))
    await scene.sql(_DYING)


async def _forget_endpoints(scene: Scene) -> None:
    for table in ("delivery", "status_event", "endpoint"):
        await scene.sql(f"delete from {table} where tenant = 'broken'")  # noqa: S608 - words of ours


FAULTS = (
    Fault("worker-killed", "HubProcessDown", _killed("process", 2), Scene.ready),
    Fault("workers-killed", "HubNobodyWatches", _killed("process"), Scene.ready),
    Fault("translator-killed", "HubTranslationLate", _killed("translate"), Scene.ready),
    Fault("projector-killed", "HubNobodyFollows", _killed("project"), Scene.ready),
    Fault("deliverer-killed", "HubNobodyDelivers", _killed("deliver"), Scene.ready),
    Fault(
        "endpoint-disabled",
        "HubEndpointDisabled",
        _said(_ENDPOINT.format(state="disabled", count=1)),
        _forget_endpoints,
    ),
    Fault("deliveries-dead", "HubDeliveriesDead", _let_die, _forget_endpoints, lasting=True),
    Fault("broker-stopped", "HubInfrastructureAway", breaking.stop_kafka, breaking.start_kafka),
    Fault(
        "postgres-stopped",
        "HubInfrastructureAway",
        breaking.stop_postgres,
        breaking.start_postgres,
    ),
    Fault("dead-letter", "HubDeadLetters", breaking.publish_nonsense, breaking.forget_dead_letters),
    Fault("key-held-long", "HubKeyHeldLong", breaking.keep_held, breaking.drop_kept),
    Fault("retry-old", "HubRetriesOld", breaking.keep_retrying, breaking.drop_kept),
    Fault("record-parked", "HubRecordsParked", breaking.send_unreadable, breaking.forget_parked),
    Fault("poison-storm", "HubPartitionStopped", breaking.storm, breaking.calm),
    Fault(
        "partition-unclaimed",
        "HubPartitionUnclaimed",
        _set("partition_owner", "epoch = epoch + 1, code_version = 999"),
        _set("partition_owner", "code_version = 0"),
    ),
    Fault(
        "event-unaccounted",
        "HubEventsUnaccounted",
        _set("partition_owner", "applied = applied + 1"),
        _set("partition_owner", "applied = applied - 1"),
    ),
    Fault(
        "record-unaccounted",
        "HubRawUnaccounted",
        _set("landing_owner", "translated = translated - 1"),
        _set("landing_owner", "translated = translated + 1"),
    ),
    Fault("source-silent", "HubSourceSilent", breaking.fall_silent, breaking.speak_again),
    Fault(
        "projection-failing",
        "HubProjectionFails",
        _said("alter table activity add constraint broken check (false) not valid"),
        _said("alter table activity drop constraint broken"),
        lasting=True,
    ),
    Fault(
        "timer-failing", "HubTimersFail", breaking.set_bad_timer, breaking.clear_timer, lasting=True
    ),
    Fault(
        "trail-late",
        "HubTrailLate",
        _said(
            "insert into landing (topic, part, epoch, from_offset, to_offset, body)"
            " values ('raw.broken.v1', 0, 1, 0, 0, 'no line of a log')"
        ),
        _said("delete from landing where topic = 'raw.broken.v1'"),
        lasting=True,
    ),
    Fault(
        "audit-unlinked",
        "HubAuditUnlinked",
        _said("alter table audit_chain rename to audit_chain_away"),
        _said("alter table audit_chain_away rename to audit_chain"),
        prepare=_said(
            "insert into audit_entry (tenant, action, subject, by_kind, by_id)"
            " values ('hub', 'fault:begun', 'audit-unlinked', 'system', 'prove')"
        ),
    ),
    Fault(
        "door-failing",
        "HubDoorFails",
        _said("alter function hub_reserve rename to hub_reserve_away"),
        _said("alter function hub_reserve_away rename to hub_reserve"),
    ),
    # Last, for it shows for an hour.
    Fault(
        "postgres-went-back",
        "HubPostgresWentBack",
        breaking.restore_older_copy,
        Scene.ready,
        lasting=True,
        prepare=breaking.keep_older_copy,
    ),
)
