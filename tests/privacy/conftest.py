"""A whole hub at work, as the trail's tests have it, and somebody to forget."""

import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.access.tenant_keys import followed
from hub.privacy.erasing import Eraser
from hub.recovery.today import Today
from hub.registry import connectors
from schemas.topics import WARRANTY_INTAKE
from tests.trail.conftest import Hub, hub, idle

__all__ = ["hub", "idle"]

KEY = b"k" * 32


@pytest.fixture
async def today(idle: Hub) -> Today:
    """The code and keys of the hub of this test."""
    keyring = Keyring(KEY)
    await followed(keyring, idle.database)
    topic = idle.processor.reads.name
    return Today(keyring, {topic: idle.processor}, SourceStore(connectors(), keyring))


@pytest.fixture
async def eraser(idle: Hub, today: Today) -> Eraser:
    return Eraser(idle.database, today, [WARRANTY_INTAKE])
