"""What the landing log says of records: its last word about each."""

from hub.adapters.postgres import Database, Queries
from hub.audit.landings import Landing, decode
from hub.intake.rounds import SPAN

LOGGED = """
select from_offset, body from landing
 where topic = $1 and part = $2 and to_offset > $3 and to_offset <= $5 and from_offset < $4
 order by n
"""


async def logged(
    queries: Database | Queries, topic: str, part: int, first: int, end: int
) -> dict[int, Landing]:
    """The last line about each record from `first` until before `end`, by offset."""
    found: dict[int, Landing] = {}
    for row in await queries.fetch(LOGGED, topic, part, first, end, end + SPAN):
        found |= {one.offset: one for one in decode(row["body"]) if first <= one.offset < end}
    return found
