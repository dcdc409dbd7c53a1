"""An event is decided at its home, whoever published it and wherever it arrived."""

import pytest

from tests.ledger.driver import Hub, count

pytestmark = pytest.mark.servers


async def test_an_event_is_applied_at_its_home(hub: Hub) -> None:
    await hub.start()
    await hub.told_all(count("e1"), count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    assert await hub.outcomes() == {"applied": 2}
