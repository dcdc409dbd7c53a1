"""The endpoints of a demo: one merchant's own systems are told of what becomes of its warranties."""

from hub import bootstrap
from hub.access.keys import COMMAND
from hub.adapters.postgres import Database
from hub.delivery.endpoints import Desk, Shape, listed
from hub.dev.simulator.receivers import NAMES
from hub.settings import Settings

TENANT = "voltage"
NETWORK, SCALE = "127.0.0.0/8", 0.001
"""They listen on loopback, and nobody waits for days to see a message come again."""


async def connect_receivers(settings: Settings, database: Database, port: int) -> None:
    """Have both told, at the port of this run; what waited for them since the last is delivered."""
    keyring = await bootstrap.knowing(settings, database)
    known = {one.about: one for one in await listed(database, TENANT, limit=1_000)}
    for name in NAMES:
        address, about = f"http://127.0.0.1:{port}/{name}", f"the demo's {name} receiver"
        async with database.transaction() as queries:
            desk = Desk(queries, keyring, TENANT, COMMAND)
            if about not in known:
                await desk.add(Shape(address=address, about=about, ordering="per_subject"))
            elif known[about].address != address:
                await desk.change(known[about].id, None, {"address": address})
