"""Looks at Postgres: whether it answers, how safe it is, and all that stands in it."""

import time
from typing import Any

from hub.access.keyring import SealError
from hub.access.tenant_keys import followed
from hub.adapters.postgres import Database, connect, pending_migrations
from hub.recovery.doctor.findings import Finding, Installation, bad, soon, warn, well
from hub.recovery.doctor.ledger import look_at_ledger
from hub.recovery.doctor.outside import look_at_sources, look_for_silence, look_for_what_is_away
from hub.sdk.failures import StoreUnavailableError

OLDEST_POSTGRES = 150_000
SKEW_SECONDS = 2.0
DURABILITY = """
select current_setting('server_version_num')::int as version,
       current_setting('server_version') as version_text,
       current_setting('synchronous_commit') as synchronous_commit,
       current_setting('synchronous_standby_names') as standby_names,
       current_setting('fsync') as fsync, pg_is_in_recovery() as is_standby,
       extract(epoch from clock_timestamp())::float8 as now
"""


async def look_at_postgres(installation: Installation) -> list[Finding]:
    try:
        database = await soon(connect(installation.postgres, size=2))
    except (StoreUnavailableError, TimeoutError) as error:
        return [bad(f"Postgres does not answer: {error}", "is it up, and is HUB_POSTGRES right?")]
    try:
        asked = time.time()
        durability = await database.fetchrow(DURABILITY)
        findings = [_version(durability), *durability_of(durability, installation)]
        findings.append(_clock(durability["now"], asked, time.time()))
        pending = await pending_migrations(installation.postgres)
        if pending:
            return [*findings, bad(f"migrations are missing: {pending}", "run `hub migrate`")]
        findings += [well("migrations are applied"), await _master_key(database, installation)]
        findings += await look_at_sources(database, installation)
        findings += await look_for_silence(database)
        findings += await look_for_what_is_away(database)
        for topic in installation.intake:
            findings += await look_at_ledger(database, topic, installation.partitions)
        return findings
    finally:
        await database.close()


def _version(row: Any) -> Finding:
    if row["version"] < OLDEST_POSTGRES:
        return bad(f"Postgres is {row['version_text']}", "upgrade it to 15 or newer")
    return well(f"Postgres is {row['version_text']}")


def durability_of(row: Any, installation: Installation) -> list[Finding]:
    found = []
    if row["is_standby"]:
        found.append(bad("this Postgres is a standby", "point HUB_POSTGRES at the primary"))
    if row["fsync"] != "on":
        found.append(bad("Postgres does not fsync", "set fsync = on; a crash loses decisions"))
    if row["synchronous_commit"] in ("off", "local") or not row["standby_names"]:
        what = (
            "a failover of Postgres loses acknowledged commits (synchronous_commit"
            f" {row['synchronous_commit']}, standbys {row['standby_names'] or 'none'})"
        )
        then = (
            "name a synchronous standby, or accept the loss: HUB_ALLOW_ASYNCHRONOUS_POSTGRES=true"
        )
        accepted = installation.allow_asynchronous_postgres
        found.append(warn(what, "accepted in the settings") if accepted else bad(what, then))
    if installation.production:
        return found
    return [warn(one.what, f"for production, {one.next}") for one in found]


def _clock(theirs: float, asked: float, answered: float) -> Finding:
    skew = max(asked - theirs, theirs - answered, 0.0)
    if skew > SKEW_SECONDS:
        what = f"this machine's clock and that of Postgres differ by {skew:.1f} s"
        return warn(what, "synchronise both; lag and event times are told by them")
    return well("clocks agree")


async def _master_key(database: Database, installation: Installation) -> Finding:
    try:
        await followed(installation.keyring, database)
        row = await database.fetchrow("select tenant, sealed from contact limit 1")
        if row is None:
            return well("no contact is sealed yet")
        installation.keyring.open(row["tenant"], row["sealed"])
    except SealError:
        then = "set HUB_MASTER_KEY to the key of this database; another one loses every contact"
        return bad("the master key does not open what is sealed", then)
    return well("the master key opens what is sealed")
