"""Purchases copied by the hundred thousand from those the hub itself has written."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO

import asyncpg

from hub.dev.crash.installation import TENANT
from schemas.refs import order_home

_TABLES = ("purchase", "unit", "name")
_CHUNK = 2000


async def seed(dsn: str, units: int) -> list[str]:
    """Make the tables hold `units` units; gives the order references of the new ones.

    A model's rows are taken as COPY writes them and its home and reference are replaced in the
    text, so the seeds have whatever shape the processor writes.
    """
    connection = await asyncpg.connect(dsn)
    try:
        here = await connection.fetchval("select count(*) from unit")
        model = await connection.fetchrow("select home, order_reference from unit limit 1")
        if model is None:
            raise ValueError("there is no unit to copy: let the hub process a sale first")
        home, reference = model["home"], model["order_reference"]
        references = [f"seed-{n:010d}" for n in range(units - here)]
        for table in _TABLES:
            text = await _rows(connection, table, home)
            source = _copies(text, home, reference, references)
            await connection.copy_to_table(table, source=source)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    finally:
        await connection.close()
    return references


async def _rows(connection: "asyncpg.Connection[asyncpg.Record]", table: str, home: str) -> str:
    text = BytesIO()
    key = "id" if table == "purchase" else "home"
    query = f"select * from {table} where {key} = $1"  # noqa: S608 - names of our own
    await connection.copy_from_query(query, home, output=text)
    return text.getvalue().decode()


async def _copies(
    text: str, home: str, reference: str, references: Sequence[str]
) -> AsyncIterator[bytes]:  # fmt: skip
    for start in range(0, len(references), _CHUNK):
        yield "".join(
            text.replace(home, order_home(TENANT, "till", new))
            .replace(reference, new)
            .replace(reference.casefold(), new)
            for new in references[start : start + _CHUNK]
        ).encode()
