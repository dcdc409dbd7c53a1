"""The trail shows each line of the logs once, whoever follows and whatever happens to him."""

import pytest

from tests.trail.conftest import Hub, sale

pytestmark = pytest.mark.servers


async def test_shows_each_line_of_the_ledger(hub: Hub) -> None:
    await hub.say(*(sale(f"R-{n}") for n in range(20)))
    await hub.taken(20)
    await hub.shown()

    rows = await hub.database.fetch("select * from trail")
    assert len(rows) == 20
