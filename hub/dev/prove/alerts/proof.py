"""Each fault in turn: injected, seen to raise its alert, mended, and seen to be over."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.dev.crash.run import say
from hub.dev.prove.alerts.faults import Fault
from hub.dev.prove.alerts.scene import Scene

IN_TIME = 120.0
CALM_SECONDS = 150.0
LOOK_SECONDS = 1.0


@dataclass(slots=True)
class Seen:
    """What became of one fault."""

    fault: str
    alert: str
    seconds: float | None = None
    """From the fault until its alert fired; None where it did not in time."""
    beside: list[str] = field(default_factory=list)
    over: float | None = None
    """From mending until it fired no more; None where it still does."""
    lasting: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was told in time, and was over unless it lasts."""
        return self.seconds is not None and (self.lasting or self.over is not None)


async def suffer(scene: Scene, faults: Sequence[Fault]) -> list[Seen]:
    """Every fault, one after the other."""
    seen = []
    for number, fault in enumerate(faults, start=1):
        say(f"{number} of {len(faults)}: {fault.name}")
        seen.append(await _suffer(scene, fault))
        say(f"  {_said(seen[-1])}")
    return seen


async def _suffer(scene: Scene, fault: Fault) -> Seen:
    before = {str(one) for one in await scene.asker.firing()}
    if any(one.startswith(fault.alert) for one in before):
        return Seen(fault.name, fault.alert, beside=["it fired before the fault"])
    if fault.prepare is not None:
        await fault.prepare(scene)
    began = time.monotonic()
    await fault.inject(scene)
    seen = Seen(fault.name, fault.alert, lasting=fault.lasting)
    seen.seconds = await _until(lambda: _fires(scene, fault.alert), began, IN_TIME)
    seen.beside = sorted(await _names(scene, before) - {fault.alert})
    mended = time.monotonic()
    try:
        await fault.mend(scene)
    except TimeoutError:
        seen.beside.append("not everybody was ready again")
    if not fault.lasting:
        seen.over = await _until(lambda: _is_over(scene, fault.alert), mended, CALM_SECONDS)
    return seen


async def _fires(scene: Scene, alert: str) -> bool:
    return any(one.name == alert for one in await scene.asker.firing())


async def _names(scene: Scene, before: set[str]) -> set[str]:
    return {one.name for one in await scene.asker.firing() if str(one) not in before}


async def _is_over(scene: Scene, alert: str) -> bool:
    return not await _fires(scene, alert)


async def _until(holds: Callable[[], Awaitable[bool]], began: float, limit: float) -> float | None:
    while time.monotonic() - began < limit:
        if await holds():
            return round(time.monotonic() - began, 1)
        await asyncio.sleep(LOOK_SECONDS)
    return None


def _said(seen: Seen) -> str:
    told = f"{seen.alert} after {seen.seconds} s" if seen.seconds else f"{seen.alert} NEVER FIRED"
    beside = f", beside it {', '.join(seen.beside)}" if seen.beside else ""
    over = (
        "lasts on purpose"
        if seen.lasting
        else f"over after {seen.over} s"
        if seen.over
        else "NOT OVER"
    )
    return f"{told}{beside}; {over}"


async def stay_clean(scene: Scene, minutes: float) -> dict[str, Any]:
    """Nothing but normal life, a rolling deploy and a killed worker among it; what was told anyway."""
    asker, until = scene.asker, time.monotonic() + 60 * minutes
    await asyncio.sleep(20 * minutes)
    say("  a rolling deploy")
    await scene.roll()
    say("  a worker is killed and started again")
    scene.kill("process", 1)
    await scene.ready()
    while time.monotonic() < until:
        await asyncio.sleep(min(60.0, max(0.0, until - time.monotonic())))
        say(
            f"  {(until - time.monotonic()) / 60:.0f} min left; {[str(a) for a in await asker.alerts()]}"
        )
    fired = sorted(await asker.ever("firing"))
    return {"fired": fired, "was_pending": sorted(await asker.ever("pending")), "ok": not fired}
