"""The endpoints of a demo: one merchant's own systems, and customers, are told what becomes of its warranties."""

from collections.abc import Mapping
from typing import Any

from hub import bootstrap
from hub.access.keys import COMMAND
from hub.adapters.postgres import Database
from hub.delivery.endpoints import Desk, Shape, listed
from hub.dev.demo.plan import RECEIVERS
from hub.dev.simulator.mailbox import MAIL
from hub.dev.simulator.receivers import DEAD, FAST, FLAKY, LIMITED, MALICIOUS, SLOW
from hub.settings import Settings

TENANT = "voltage"
ANSWERS_TO = f"service@{TENANT}.example"
"""Where customers answer the mails that they are sent."""
NETWORK, SCALE = "127.0.0.0/8", 0.001
"""They listen on loopback, and nobody waits for days to see a message come again."""
ACTIVATED, ENDED = "warranty.activated.v1", "warranty.ended.v1"
SHAPES: Mapping[str, Mapping[str, Any]] = {
    FAST: {"ordering": "per_subject", "rate": 200.0},
    FLAKY: {"ordering": "per_subject", "rate": 200.0, "at_once": 32},
    SLOW: {"types": [ACTIVATED], "at_once": 32, "timeout": 5.0},
    LIMITED: {"types": [ACTIVATED], "timeout": 5.0},
    DEAD: {"types": [ACTIVATED], "timeout": 1.0},
    MALICIOUS: {"types": [ENDED], "timeout": 1.0},
    MAIL: {"kind": MAIL, "types": [ACTIVATED, ENDED], "at_once": 16, "timeout": 5.0},
}
"""What is asked of each. Who needs seconds for a message is told of few things, or would never be done."""


async def connect_receivers(
    settings: Settings, database: Database, ports: Mapping[str, int]
) -> dict[str, str]:
    """Have all told, at the ports of this run; gives the id of each endpoint by name.

    What waited for them since the last run is delivered.
    """
    keyring = await bootstrap.knowing(settings, database)
    known = {one.about: one for one in await listed(database, TENANT, limit=1_000)}
    found: dict[str, str] = {}
    for name, shape in SHAPES.items():
        is_mail = name == MAIL
        address = ANSWERS_TO if is_mail else f"http://127.0.0.1:{ports[RECEIVERS]}/{name}"
        about = f"the demo's {'customers' if is_mail else f'{name} receiver'}"
        async with database.transaction() as queries:
            desk = Desk(queries, keyring, TENANT, COMMAND)
            one = known.get(about)
            if one is None:
                one, _ = await desk.add(Shape(address=address, about=about, **shape))
            elif one.address != address:
                one = await desk.change(one.id, None, {"address": address})
        found[name] = one.id
    return found
