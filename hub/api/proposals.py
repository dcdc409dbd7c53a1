"""Reading proposals: what waits for whoever may decide it, and what was settled."""

from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.api.documents import ProposalDocument

ONE = "select doc from proposal where id = $1"
OF_WARRANTY = """
select doc from proposal where home = split_part($1, '_', 2) and warranty = $1
 order by (doc ->> 'number')::int
"""
PAGE = """
select doc from proposal
 where ($1::text is null or state = $1) and ($2::text is null or id > $2) order by id limit $3
"""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A proposal as its row has it."""

    id: str
    state: str
    warranty: str
    change: str
    approver: str
    why: str
    by_kind: str
    by_id: str
    by_role: str
    made_at: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_why: str | None = None


_stored = msgspec.json.Decoder(Stored).decode


async def of_warranty(queries: Queries, warranty: str) -> list[ProposalDocument]:
    """Everything that was ever proposed of a warranty, in order."""
    return [_document(row) for row in await queries.fetch(OF_WARRANTY, warranty)]


async def one(queries: Queries, proposal: str) -> ProposalDocument | None:
    """A proposal; None where this tenant has none of that id."""
    return next((_document(row) for row in await queries.fetch(ONE, proposal)), None)


async def page(
    queries: Queries, state: str | None, cursor: str | None, limit: int
) -> tuple[list[ProposalDocument], str | None]:
    """Proposals by id, and the cursor of the next page."""
    after = f"prp_{cursor}" if cursor else None
    rows = await queries.fetch(PAGE, state, after, limit + 1)
    found = [_document(row) for row in rows[:limit]]
    return found, found[-1].id.removeprefix("prp_") if len(rows) > limit else None


def _document(row: Any) -> ProposalDocument:
    return ProposalDocument(**msgspec.structs.asdict(_stored(row["doc"])))
