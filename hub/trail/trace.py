"""Find one payload's whole way, under whatever name somebody knows it by."""

import msgspec

from hub.adapters.postgres import Queries
from hub.trail.assemble import Found, assemble
from hub.trail.figures import behind, figures
from hub.trail.resolve import correlations
from hub.trail.way import Behind, Other, Trace

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


BEGAN = """
select known.correlation, min(t.at) as began_at
  from unnest($2::text[]) with ordinality as known(correlation, n)
  join trail t on t.tenant = $1 and t.correlation = known.correlation
 group by known.correlation, known.n order by known.n
"""


async def find(queries: Queries, tenant: str, text: str) -> Trace | None:
    """The newest way known under this text, and when the others began; None where nothing is.

    The session must speak for the tenant; `text` is a correlation, a raw id, an event id, a request
    id, a warranty id, an order reference (`namespace/reference` or the reference alone) or a serial.
    """
    late = await behind(queries)
    known = await correlations(queries, tenant, text, MAX_TRACES)
    for number, correlation in enumerate(known, start=1):
        if (trace := await _trace(queries, tenant, correlation, late)) is not None:
            older = await queries.fetch(BEGAN, tenant, known[number:]) if known[number:] else ()
            others = tuple(Other(**dict(row)) for row in older)
            return msgspec.structs.replace(trace, others=others)
    return None


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
