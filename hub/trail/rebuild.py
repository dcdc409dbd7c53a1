"""Make the trail again from the logs. What doors refused and what staff did is kept: it is written there at once."""

from collections.abc import Callable

from hub.adapters.postgres import Database
from hub.trail import logs
from hub.trail.rows import LANDING, LEDGER
from hub.trail.store import put

# Whoever follows waits for these locks, and then finds that he stands elsewhere.
WIPE = (
    "lock table trail_progress, trail in access exclusive mode",
    "create temp table kept on commit drop as select * from trail where log in ('door', 'staff')",
    "truncate trail, trail_name",
    "insert into trail select * from kept",
    "update trail_progress set n = 0 where log <> 'door'",
)

Report = Callable[[str, int], None]
"""Is told a topic, and how many of its lines this run has shown."""


async def rebuild(database: Database, report: Report) -> int:
    """Empty the trail and fill it; traces say meanwhile that they are not complete.

    Gives the number of lines that this run has shown; followers may show the others.
    """
    async with database.transaction() as tx:
        for statement in WIPE:
            await tx.execute(statement)
    total = 0
    for name in (LANDING, LEDGER):
        for place in await logs.everywhere(database, name):
            shown = 0
            while (step := await logs.read(database, place)) is not None:
                if await put(database, place, step.was, step.to, step.rows, audited=step.audited):
                    shown += len(step.rows)
            report(f"{place.topic}[{place.part}]", shown)
            total += shown
    return total
