"""Looks at what is outside: sources, and what events and records need."""

from hub.access.silence import quiet_sources
from hub.access.source_troubles import troubled_sources
from hub.adapters.postgres import Database
from hub.domain.spans import written
from hub.recovery.doctor.findings import Finding, Installation, bad, warn, well

AWAY = """
select tenant, name, reason, extract(epoch from clock_timestamp() - open_since)::float8 as seconds,
       (select count(*) from item i where i.tenant = d.tenant and i.dependency = d.name) as waiting
  from dependency d where open_since is not null order by tenant, name
"""


async def look_at_sources(database: Database, installation: Installation) -> list[Finding]:
    if installation.sources is None:
        return []
    troubled = await troubled_sources(database, installation.sources)
    return [
        bad(f"source {one.name} of {one.tenant} cannot be used: {one.reason}", one.next)
        for one in troubled
    ] or [well("every source can be used")]


async def look_for_silence(database: Database) -> list[Finding]:
    return [
        warn(
            f"source {one.name} of {one.tenant} has landed nothing for {written(one.seconds)}",
            "ask whoever runs it; `hub source list --silent` shows how long each may be quiet",
        )
        for one in await quiet_sources(database)
        if one.silent
    ]


async def look_for_what_is_away(database: Database) -> list[Finding]:
    return [
        warn(
            f"{row['name']} of {row['tenant']} has been away for {row['seconds']:.0f} s: {row['reason']}",
            f"{row['waiting']} items wait and go on by themselves once it answers",
        )
        for row in await database.fetch(AWAY)
    ]
