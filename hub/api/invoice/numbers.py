"""The integers by which this API calls warranties: allotted by the row, and read from it alone."""

from collections.abc import Sequence

from hub.adapters.postgres import Queries

NUMBERS = "select id, published_id from unit where id = any($1::text[])"


async def numbers_of(queries: Queries, warranties: Sequence[str]) -> dict[str, int]:
    """The integer of each of these warranties of the tenant that the session speaks for."""
    rows = await queries.fetch(NUMBERS, list(warranties)) if warranties else []
    return {row["id"]: row["published_id"] for row in rows}
