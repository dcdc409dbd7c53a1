"""What the tables hold of claims, of what they led to, and of units that replace others: read in one snapshot."""

import json
from dataclasses import dataclass, field
from typing import Any

import asyncpg

Doc = dict[str, Any]
_CLAIMS = "select id, state, doc from claim order by id"
_EFFECTS = "select id, state, doc from claim_effect order by id"
_UNITS = "select id, status, doc from unit where doc::text like '%\"replace%'"


@dataclass(slots=True)
class ClaimTables:
    """Documents by id, each with the column `state` (of a unit `status`) as it stands beside it."""

    claims: dict[str, Doc] = field(default_factory=dict)
    effects: dict[str, Doc] = field(default_factory=dict)
    units: dict[str, Doc] = field(default_factory=dict)
    """Those that replace another one, or were replaced."""

    def of_claim(self, claim: str) -> list[Doc]:
        """The effects of a claim."""
        return [one for one in self.effects.values() if one["claim"] == claim]


async def read_claims(dsn: str) -> ClaimTables:
    """Read all of it."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            claims = await connection.fetch(_CLAIMS)
            effects = await connection.fetch(_EFFECTS)
            units = await connection.fetch(_UNITS)
    finally:
        await connection.close()
    return ClaimTables(
        {row["id"]: _doc(row, state=row["state"]) for row in claims},
        {row["id"]: _doc(row, state=row["state"]) for row in effects},
        {row["id"]: _doc(row, status=row["status"]) for row in units},
    )


def _doc(row: Any, **columns: str) -> Doc:
    return {**json.loads(row["doc"]), "id": row["id"], "columns": columns}
