"""One payload's whole way, found by whatever somebody knows it by."""

import msgspec
import pytest

from hub.trail.way import Decided, Trace
from tests.trail.conftest import Hub, eventually, only, sale

pytestmark = pytest.mark.servers


async def settled(hub: Hub, text: str) -> Trace:
    """The trace, once nothing is to come any more."""

    async def holds() -> bool:
        trace = await hub.trace(text)
        return trace is not None and trace.complete and not trace.open

    await eventually(holds)
    trace = await hub.trace(text)
    assert trace is not None
    assert (trace.complete, trace.open) == (True, ())
    return trace


def outcomes(trace: Trace, event: str) -> list[str]:
    return [one.outcome for one in decisions(trace, event)]


def decisions(trace: Trace, event: str) -> tuple[Decided, ...]:
    found: tuple[Decided, ...] = only(e for e in trace.events if e.id == event).decisions
    return found


async def test_shows_a_sale_from_its_decision_to_what_is_read_of_it(hub: Hub) -> None:
    await hub.say(sale())
    trace = await settled(hub, "evt-R-1")

    one = only(trace.events)
    decided = only(one.decisions)
    said = only(decided.said)
    assert (trace.correlation, trace.tenant) == ("evt-R-1", "acme")
    assert (one.type, one.source, one.caused_by) == ("sale.recorded.v1", "till", None)
    assert (decided.kind, decided.outcome, decided.offset) == ("decided", "applied", 0)
    assert (decided.tenant_version, decided.code_version) == (1, hub.processor.code_version)
    assert (said.type, said.topic, said.seq) == ("warranty.activated.v1", "warranty.status.v1", 1)
    assert msgspec.json.decode(said.data)["warranty"] == said.subject
    assert said.acknowledged
    assert [(view.name, view.shown) for view in said.projected] == [("activity", True)]
    assert trace.stages[0].kind == "decided"
    assert {stage.kind for stage in trace.stages} == {"decided", "published", "projected"}
    assert msgspec.json.decode(msgspec.json.encode(trace))["complete"] is True
