"""What staff write about an item: a code that can be counted and a text; it outlives the item."""

from datetime import datetime

from hub.adapters.postgres import Database, Queries
from hub.domain.notes import CODES, MAX_TEXT
from hub.recovery.actions import ABOUT, COLUMNS, SAID, Action, action
from hub.recovery.spot import NotPossibleError, Spot, gone
from hub.telemetry.logging import scrubbed

NOTE = """
with about as (
  select {about} from item i where i.topic = $1 and i.part = $2 and i."offset" = $3),
said as ({said}
  select about.*, $4, 'note', $5, $6, null, null from about returning n)
select n from said
"""
# Who says the same again at once repeats what was heard already.
REPEATED = """
select a.n from staff_action a
 where a.topic = $1 and a.part = $2 and a."offset" = $3 and (a.verb, a.by, a.text, a.code) = ('note', $4, $5, $6)
   and a.at > clock_timestamp() - interval '10 min' order by a.n desc limit 1
"""
SEARCH = """{columns}
 where a.verb = 'note' and ($1::text is null or a.tenant = $1) and ($2::text is null or a.code = $2)
   and ($3::text is null or strpos(lower(a.text), lower($3)) > 0)
   and ($4::timestamptz is null or a.at >= $4) and ($5::bigint is null or a.n < $5)
 order by a.n desc limit $6
"""


async def note(queries: Database | Queries, spot: Spot, code: str, text: str, *, by: str) -> int:
    """Write a note about an open item; gives its number. The same within ten minutes is one note.

    Raises:
        NotPossibleError: there is no such item, the code is none of ours, or the text is too long.

    """
    if code not in CODES:
        known = "; ".join(f"{name}: {what}" for name, what in CODES.items())
        raise NotPossibleError(f"no note has the code {code!r}; there are {known}")
    if len(text) > MAX_TEXT or (code == "other" and not text.strip()):
        message = f"a note has at most {MAX_TEXT} characters, and with the code other at least one"
        raise NotPossibleError(message)
    sql = NOTE.format(about=ABOUT, said=SAID)
    said = *spot, by, scrubbed(text.strip()), code
    rows = await queries.fetch(REPEATED, *said) or await queries.fetch(sql, *said)
    if not rows:
        raise gone(spot)
    return int(rows[0]["n"])


async def search_notes(  # noqa: PLR0913 - a search has as many parts
    queries: Database | Queries,
    *,
    tenant: str | None = None,
    code: str | None = None,
    text: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Action]:
    """Notes, the newest first; `before` is the number of the last one of the page before."""
    sql = SEARCH.format(columns=COLUMNS)
    return [
        action(row) for row in await queries.fetch(sql, tenant, code, text, since, before, limit)
    ]
