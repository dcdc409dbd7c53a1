"""Find one payload's whole way, under whatever name somebody knows it by."""

from hub.adapters.postgres import Queries
from hub.trail.assemble import Found, assemble
from hub.trail.figures import behind, figures
from hub.trail.resolve import correlations
from hub.trail.way import Behind, Trace

MAX_TRACES = 20
MAX_ROWS = 500
"""Lines of the logs in one trace; where there are more it says that it is truncated."""

ROWS = """
select log, n, at, stage, status, correlation, source, event_id, home, reason, doc from trail
 where tenant = $1 and correlation = $2 order by at, n, line limit $3
"""
REQUESTS = """
select id, event_id, scope, outcome, answer, reserved_at, sent_at, decided_at from request
 where tenant = $1 and id in (select id from request where tenant = $1 and event_id = any($2::text[])
                              union all values ($3::text))
 order by reserved_at limit $4
"""


async def find(queries: Queries, tenant: str, text: str) -> Trace | None:
    """The newest way known under this text; None where nothing is.

    The session must speak for the tenant; `text` is a correlation, a raw id, an event id, a request
    id, a warranty id, an order reference (`namespace/reference` or the reference alone) or a serial.
    """
    found = await search(queries, tenant, text, limit=1)
    return found[0] if found else None


async def search(
    queries: Queries, tenant: str, text: str, *, limit: int = MAX_TRACES
) -> list[Trace]:
    """Every way known under this text, newest first, at most `limit`."""
    late = await behind(queries)
    known = await correlations(queries, tenant, text, limit)
    found = [await _trace(queries, tenant, correlation, late) for correlation in known]
    return [trace for trace in found if trace is not None]


async def _trace(
    queries: Queries, tenant: str, correlation: str, late: tuple[Behind, ...]
) -> Trace | None:
    found = Found(correlation, tenant)
    rows = await queries.fetch(ROWS, tenant, correlation, MAX_ROWS + 1)
    found.truncated = len(rows) > MAX_ROWS
    for row in rows[:MAX_ROWS]:
        found.add(row)
    asked = await queries.fetch(REQUESTS, tenant, found.event_ids(), correlation, MAX_ROWS)
    return assemble(found, asked, await figures(queries, found.said(), late))
