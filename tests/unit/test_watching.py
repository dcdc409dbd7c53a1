"""The gauges never freeze silently."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings
from hub.ledger import watching
from hub.telemetry.metrics import Metrics


def _peek(_settings: KafkaSettings) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def test_goes_on_after_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()
    faults: list[Exception] = [ValueError("a fault of ours"), TimeoutError()]

    async def look(_peek: Any) -> None:
        if faults:
            raise faults.pop()
        looked.set()

    monkeypatch.setattr(watching, "Peek", _peek)
    metrics = Metrics()
    looking = watching.keep_looking("t", KafkaSettings("x"), metrics, look, every=0)
    running = asyncio.create_task(looking)
    waiting = asyncio.create_task(looked.wait())
    await asyncio.wait([running, waiting], timeout=5, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    waiting.cancel()
    await asyncio.wait([running, waiting])

    assert looked.is_set()
    labels = {"kind": "unexpected"}
    assert metrics.registry.get_sample_value("hub_infrastructure_errors_total", labels) == 2
