"""Reading proofs of purchase."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.api.proof_bodies import ProofDocument, Proofs

OF_WARRANTY = """
select doc from proof where home = split_part($1, '_', 2) and warranty = $1
 order by (doc ->> 'number')::int
"""
EXISTS = "select warranty from proof where id = $1"


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A proof as its row has it."""

    id: str
    state: str
    warranty: str
    by_kind: str
    by_id: str
    by_role: str
    offered_at: datetime
    media: str | None = None
    invoice: str | None = None
    note: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_why: str | None = None


_stored = msgspec.json.Decoder(Stored).decode


async def of_warranty(queries: Queries, warranty: str) -> Proofs:
    """Every proof of a warranty, in the order in which they were offered."""
    found = [_document(row) for row in await queries.fetch(OF_WARRANTY, warranty)]
    return Proofs(state=amount_to(one.state for one in found), proofs=found)


async def exists(queries: Queries, proof: str) -> bool:
    """Whether this tenant has a proof of that id."""
    return bool(await queries.fetch(EXISTS, proof))


def amount_to(states: Iterable[str]) -> Literal["missing", "offered", "accepted", "refused"]:
    """What several proofs amount to: one that is good is enough."""
    known = set(states)
    for state in ("accepted", "offered", "refused"):
        if state in known:
            return state
    return "missing"


def _document(row: Any) -> ProofDocument:
    return ProofDocument(**msgspec.structs.asdict(_stored(row["doc"])))
