"""Find one payload's whole way, under whatever name somebody knows it by."""

from hub.adapters.postgres import Queries
from hub.trail.way import Trace

MAX_TRACES = 20


async def find(queries: Queries, tenant: str, text: str) -> Trace | None:
    """The newest way known under this text; None where nothing is.

    The session must speak for the tenant; `text` is a correlation, a raw id, an event id, a request
    id, a warranty id, an order reference (`namespace/reference` or the reference alone) or a serial.
    """
    found = await search(queries, tenant, text, limit=1)
    return found[0] if found else None


async def search(
    queries: Queries, tenant: str, text: str, *, limit: int = MAX_TRACES
) -> list[Trace]:
    """Every way known under this text, newest first, at most `limit`."""
    raise NotImplementedError
