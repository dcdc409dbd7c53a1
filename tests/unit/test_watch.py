"""The gauges never freeze silently."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, cast

import pytest

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import Database
from hub.recovery import watch
from hub.telemetry.metrics import Metrics


def _peek(_settings: KafkaSettings) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def test_goes_on_after_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()
    faults: list[Exception] = [ValueError("a fault of ours"), TimeoutError()]

    async def look(_self: watch.Watch, _peek: Any) -> None:
        if faults:
            raise faults.pop()
        looked.set()

    monkeypatch.setattr(watch, "Peek", _peek)
    monkeypatch.setattr(watch.Watch, "look", look)
    metrics = Metrics()
    chosen = watch.Watch("t", KafkaSettings("x"), cast("Database", None), metrics, every=0)
    running = asyncio.create_task(chosen.run())
    waiting = asyncio.create_task(looked.wait())
    await asyncio.wait([running, waiting], timeout=5, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    waiting.cancel()
    await asyncio.wait([running, waiting])

    assert looked.is_set()
    labels = {"kind": "unexpected"}
    assert metrics.registry.get_sample_value("hub_infrastructure_errors_total", labels) == 2
