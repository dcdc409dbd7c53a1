"""What people did and noted about items: written with what they do, never changed."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.spot import Spot

Verb = Literal[
    "note", "look", "redrive", "hold", "release", "give_up", "edit", "replay", "stop", "continue"
]

ABOUT = 'i.tenant, i.topic, i.part, i."offset", i.event_id, i.correlation, i.source'
"""What an action says of its item, in the order of `SAID`."""
SAID = """
  insert into staff_action (tenant, topic, part, "offset", event_id, correlation, source,
                            by, verb, text, code, redrive, doc)"""
COLUMNS = """
select a.n, a.tenant, a.at, a.by, a.verb, a.topic, a.part, a."offset", a.event_id, a.correlation, a.source,
       a.code, a.text, a.redrive, a.doc
  from staff_action a"""
OF_ITEM = """{columns}
 where a.topic = $1 and a.part = $2 and a."offset" = $3 order by a.n desc limit $4
"""
MOST = 200


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did, or noted."""

    n: int
    tenant: str
    at: datetime
    by: str
    verb: Verb
    spot: Spot | None
    """None where it was not about one item."""
    event_id: str
    correlation: str
    source: str
    code: str
    """Of a note."""
    text: str
    """The note, or the reason."""
    redrive: int | None
    """The bulk it was part of."""
    doc: msgspec.Raw
    """Of an edit the hashes before and after, and the places that changed; JSON."""


async def history(queries: Database | Queries, spot: Spot) -> tuple[Action, ...]:
    """What was done and noted about an item, the newest first; it outlives the item."""
    rows = await queries.fetch(OF_ITEM.format(columns=COLUMNS), *spot, MOST)
    return tuple(map(action, rows))


def action(row: Any) -> Action:
    """An action as it was read."""
    values = dict(row)
    where = Spot(values.pop("topic"), values.pop("part"), values.pop("offset"))
    doc = msgspec.Raw((values.pop("doc") or "null").encode())
    return Action(spot=None if None in where else where, doc=doc, **values)
