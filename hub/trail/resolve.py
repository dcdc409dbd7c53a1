"""From what somebody knows a payload by to the correlations it went under."""

from collections.abc import Iterable

from hub.adapters.postgres import Queries
from hub.domain.serials import KIND, name_prefix, normalise
from schemas.refs import SEPARATOR, home_of, is_home, order_home, serial_home

MAX_TEXT = 500
MAX_HOMES = 20

BY_CORRELATION = """
select correlation from trail where tenant = $1 and correlation = $2 limit 1
"""
BY_EVENT = """
select correlation from trail where tenant = $1 and event_id = $2
 group by correlation order by max(at) desc, max(n) desc, max(line) desc limit $3
"""
BY_REQUEST = "select coalesce(correlation, event_id) as correlation from request where tenant = $1 and id = $2"
BY_HOME = """
select correlation from trail where tenant = $1 and home = any($2::text[])
 group by correlation order by max(at) desc, max(n) desc, max(line) desc limit $3
"""
BY_NAME = """
with line as (
  select correlation, at, n, line from trail where tenant = $1 and home = any($2::text[])
   union all
  select t.correlation, t.at, t.n, t.line from trail_name m
    join trail t on (t.log, t.n, t.line) = (m.log, m.n, m.line) and t.tenant = m.tenant
   where m.tenant = $1 and m.value = $3)
select correlation from line
 group by correlation order by max(at) desc, max(n) desc, max(line) desc limit $4
"""
ORDERS = "select id from purchase where tenant = $1 and order_reference = $2 limit $3"
SERIALS = """
select distinct home from name
 where kind = $1 and tenant = $2 and value >= $3 and value < $4 limit $5
"""
AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)


async def correlations(queries: Queries, tenant: str, text: str, limit: int) -> list[str]:
    """What is known under this text, newest first; the first way of reading it that finds something."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        return []
    for sql, *more in ((BY_CORRELATION,), (BY_EVENT, limit), (BY_REQUEST,)):
        if found := await queries.fetch(sql, tenant, text, *more):
            return [row["correlation"] for row in found]
    homes = homes_inside(text)
    if homes and (found := await queries.fetch(BY_HOME, tenant, homes, limit)):
        return [row["correlation"] for row in found]
    homes = await _named(queries, tenant, text)
    # What was refused or waits left no row, and so names no home by its order or its serials.
    found = await queries.fetch(BY_NAME, tenant, homes, normalise(text), limit)
    return [row["correlation"] for row in found]


def homes_inside(text: str) -> list[str]:
    """The home that an id carries, or that the text is."""
    if is_home(text):
        return [text]
    try:
        return [home_of(text)]
    except ValueError:
        return []


async def _named(queries: Queries, tenant: str, text: str) -> list[str]:
    """The homes of an order or a serial; those that no row tells of can be computed."""
    norm = normalise(text)
    first = name_prefix(norm)
    after = norm + AFTER_SEPARATOR
    orders = await queries.fetch(ORDERS, tenant, text, MAX_HOMES)
    serials = await queries.fetch(SERIALS, KIND, tenant, first, after, MAX_HOMES)
    homes = [row["id"] for row in orders] + [row["home"] for row in serials]
    return [*homes, *orders_named(tenant, text), serial_home(tenant, norm)]


def orders_named(tenant: str, text: str) -> Iterable[str]:
    """`namespace/reference`, wherever the one ends: either may have a slash of its own."""
    cuts = [n for n, letter in enumerate(text) if letter == "/"][:MAX_HOMES]
    return [order_home(tenant, text[:cut], text[cut + 1 :]) for cut in cuts]
