"""Looks an installation over and says of each thing that is not well what to do next."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.access.keyring import Keyring, SealError
from hub.access.sources import SourceStore, troubled_sources
from hub.adapters.kafka import KafkaSettings, check_topics
from hub.adapters.kafka.cluster import Cluster, describe_cluster
from hub.adapters.postgres import Database, connect, pending_migrations
from hub.recovery.figures import PartitionFigures, read_partitions
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from schemas.topics import Topic

OLDEST_POSTGRES = 150_000
SAFE_COPIES = 3
SAFE_IN_SYNC = 2
SKEW_SECONDS = 2.0
ASKING_SECONDS = 15.0

DURABILITY = """
select current_setting('server_version_num')::int as version,
       current_setting('server_version') as version_text,
       current_setting('synchronous_commit') as synchronous_commit,
       current_setting('synchronous_standby_names') as standby_names,
       current_setting('fsync') as fsync, pg_is_in_recovery() as is_standby,
       extract(epoch from clock_timestamp())::float8 as now
"""


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `next` says what to do unless it is well."""

    level: Level
    what: str
    next: str = ""

    def __str__(self) -> str:
        """As a line for people."""
        return f"{self.level}: {self.what}" + (f" -> {self.next}" if self.next else "")


@dataclass(frozen=True, slots=True)
class Installation:
    """What the doctor must know of the settings."""

    kafka: KafkaSettings
    postgres: str
    keyring: Keyring
    partitions: int
    topics: Sequence[Topic]
    intake: Sequence[Topic]
    """The topics that a processor reads."""
    sources: SourceStore | None = None
    """With the connectors that are installed here."""
    replication: int = 1
    production: bool = False
    allow_asynchronous_postgres: bool = False


def _well(what: str) -> Finding:
    return Finding(Level.OK, what)


def _warn(what: str, then: str) -> Finding:
    return Finding(Level.WARNING, what, then)


def _bad(what: str, then: str) -> Finding:
    return Finding(Level.PROBLEM, what, then)


async def doctor(installation: Installation) -> list[Finding]:
    """Look at Kafka, at Postgres, and at what the ledger says of both."""
    kafka, postgres = await asyncio.gather(_kafka(installation), _postgres(installation))
    return kafka + postgres


async def production_refusals(installation: Installation, database: Database) -> list[str]:
    """Why a production profile must not start here; empty where it may, or outside production."""
    if not installation.production:
        return []
    names = [topic.name for topic in installation.topics]
    cluster = await describe_cluster(installation.kafka, names)
    durability = await database.fetchrow(DURABILITY)
    findings = [*_safety(cluster), *_durability(durability, installation)]
    return [str(one) for one in findings if one.level is Level.PROBLEM]


# Kafka


async def _kafka(installation: Installation) -> list[Finding]:
    names = [topic.name for topic in installation.topics]
    try:
        cluster = await _soon(describe_cluster(installation.kafka, names))
        drift = await _soon(
            check_topics(
                installation.kafka,
                installation.topics,
                partitions=installation.partitions,
                replication=installation.replication,
            )
        )
    except (BrokerUnavailableError, TimeoutError) as error:
        then = "is the cluster up, and are HUB_KAFKA and HUB_KAFKA_SECURITY right?"
        return [_bad(f"Kafka at {installation.kafka.bootstrap} does not answer: {error}", then)]
    findings = [_well(f"Kafka {cluster.id} answers with {cluster.brokers} brokers")]
    findings += [_bad(str(one), "run `hub topics apply`") for one in drift]
    if not drift:
        findings.append(_well("topics are as declared"))
    safety = _safety(cluster)
    if installation.production:
        return findings + safety
    return findings + [_warn(one.what, f"for production, {one.next}") for one in safety]


def _safety(cluster: Cluster) -> list[Finding]:
    found = []
    for topic in cluster.topics.values():
        if topic.replication < SAFE_COPIES:
            what = f"{topic.name} is kept {topic.replication} times"
            found.append(_bad(what, f"keep it {SAFE_COPIES} times: HUB_REPLICATION, reassign"))
        if topic.min_in_sync < SAFE_IN_SYNC:
            what = f"{topic.name} acknowledges with {topic.min_in_sync} copies in sync"
            found.append(_bad(what, f"set its min.insync.replicas to {SAFE_IN_SYNC}"))
        if topic.in_sync < topic.min_in_sync:
            what = f"{topic.name} has a partition with {topic.in_sync} copies in sync"
            found.append(_bad(what, "bring its brokers back: nothing can be published to it"))
        if topic.unclean_election:
            what = f"{topic.name} may elect a leader that lacks acknowledged records"
            found.append(_bad(what, "set its unclean.leader.election.enable to false"))
    return found


# Postgres


async def _postgres(installation: Installation) -> list[Finding]:
    try:
        database = await _soon(connect(installation.postgres, size=2))
    except (StoreUnavailableError, TimeoutError) as error:
        return [_bad(f"Postgres does not answer: {error}", "is it up, and is HUB_POSTGRES right?")]
    try:
        asked = time.time()
        durability = await database.fetchrow(DURABILITY)
        findings = [_version(durability), *_durability(durability, installation)]
        findings.append(_clock(durability["now"], asked, time.time()))
        pending = await pending_migrations(installation.postgres)
        if pending:
            return [*findings, _bad(f"migrations are missing: {pending}", "run `hub migrate`")]
        findings += [_well("migrations are applied"), await _master_key(database, installation)]
        findings += await _sources(database, installation)
        for topic in installation.intake:
            findings += await _ledger(database, topic, installation.partitions)
        return findings
    finally:
        await database.close()


async def _soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, ASKING_SECONDS)


def _version(row: Any) -> Finding:
    if row["version"] < OLDEST_POSTGRES:
        return _bad(f"Postgres is {row['version_text']}", "upgrade it to 15 or newer")
    return _well(f"Postgres is {row['version_text']}")


def _durability(row: Any, installation: Installation) -> list[Finding]:
    found = []
    if row["is_standby"]:
        found.append(_bad("this Postgres is a standby", "point HUB_POSTGRES at the primary"))
    if row["fsync"] != "on":
        found.append(_bad("Postgres does not fsync", "set fsync = on; a crash loses decisions"))
    if row["synchronous_commit"] in ("off", "local") or not row["standby_names"]:
        what = (
            "a failover of Postgres loses acknowledged commits (synchronous_commit"
            f" {row['synchronous_commit']}, standbys {row['standby_names'] or 'none'})"
        )
        then = (
            "name a synchronous standby, or accept the loss: HUB_ALLOW_ASYNCHRONOUS_POSTGRES=true"
        )
        accepted = installation.allow_asynchronous_postgres
        found.append(_warn(what, "accepted in the settings") if accepted else _bad(what, then))
    if installation.production:
        return found
    return [_warn(one.what, f"for production, {one.next}") for one in found]


def _clock(theirs: float, asked: float, answered: float) -> Finding:
    skew = max(asked - theirs, theirs - answered, 0.0)
    if skew > SKEW_SECONDS:
        what = f"this machine's clock and that of Postgres differ by {skew:.1f} s"
        return _warn(what, "synchronise both; lag and event times are told by them")
    return _well("clocks agree")


async def _master_key(database: Database, installation: Installation) -> Finding:
    row = await database.fetchrow("select tenant, sealed from contact limit 1")
    if row is None:
        return _well("no contact is sealed yet")
    try:
        installation.keyring.open(row["tenant"], row["sealed"])
    except SealError:
        then = "set HUB_MASTER_KEY to the key of this database; another one loses every contact"
        return _bad("the master key does not open what is sealed", then)
    return _well("the master key opens what is sealed")


async def _sources(database: Database, installation: Installation) -> list[Finding]:
    if installation.sources is None:
        return []
    troubled = await troubled_sources(database, installation.sources)
    return [
        _bad(f"source {one.name} of {one.tenant} cannot be used: {one.reason}", one.next)
        for one in troubled
    ] or [_well("every source can be used")]


# The ledger


async def _ledger(database: Database, topic: Topic, partitions: int) -> list[Finding]:
    rows = await read_partitions(database, topic.name)
    if not rows:
        then = "start `hub process`; on a new installation that is all"
        return [_warn(f"nothing of {topic.name} was ever decided", then)]
    findings = []
    if {row.partition_count for row in rows} != {partitions}:
        then = f"set HUB_PARTITIONS to {rows[0].partition_count}: it never changes after the start"
        findings.append(_bad(f"HUB_PARTITIONS is {partitions}, the ledger remembers another", then))
    missing = sorted(set(range(partitions)) - {row.partition for row in rows})
    if missing:
        then = "start a worker, or look into its log"
        findings.append(_warn(f"{topic.name}: nobody ever claimed partitions {missing}", then))
    for row in rows:
        findings += _partition(topic, row)
    return findings or [_well(f"{topic.name}: every partition is claimed and none waits for you")]


def _partition(topic: Topic, row: PartitionFigures) -> list[Finding]:
    where = f"{topic.name}[{row.partition}]"
    found = []
    if row.stopped_reason is not None:
        found.append(_bad(f"{where} stands still", row.stopped_reason))
    if row.unaccounted:
        found.append(_bad(f"{where} misses {row.unaccounted} events", "run `hub verify`"))
    if row.rows["dead_lettered"]:
        what = f"{where}: {_letters(row.rows['dead_lettered'], row.rows['held'])}"
        then = "`hub items --state dead_lettered` shows why; then `hub redrive` or `hub give-up`"
        found.append(_warn(what, then))
    return found


def _letters(dead: int, held: int) -> str:
    aside = "1 event was set aside as a dead letter"
    if dead > 1:
        aside = f"{dead} events were set aside as dead letters"
    match held:
        case 0:
            return f"{aside}; nothing waits behind"
        case 1:
            return f"{aside}; 1 later event of the same purchase waits behind"
        case _:
            return f"{aside}; {held} later events of the same purchases wait behind"
