"""One payload's whole way, whatever became of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.access.tenants import put
from hub.ledger.submit import Submission, Submitter
from hub.recovery.choosing import Filter
from hub.recovery.items import list_items
from hub.recovery.wishes import redrive, wait_until_acted
from hub.trail import ahead
from schemas.envelope import Envelope, source_of
from schemas.refs import place
from tests.trail.conftest import (
    NOON,
    PARTITIONS,
    TENANT,
    Hub,
    decisions,
    eventually,
    only,
    outcomes,
    registration,
    returned,
    sale,
)
from tests.trail.logs import Scribe, entry, landing

pytestmark = pytest.mark.servers


async def test_shows_a_sale_from_its_decision_to_what_is_read_of_it(hub: Hub) -> None:
    await hub.say(sale())
    trace = await hub.settled("evt-R-1")

    one = only(trace.events)
    decided = only(one.decisions)
    said = only(decided.said)
    assert (trace.correlation, trace.tenant) == ("evt-R-1", "acme")
    assert (one.type, one.source, one.caused_by) == ("sale.recorded.v1", "till", None)
    assert msgspec.json.decode(one.body)["order"]["reference"] == "R-1"
    assert (decided.kind, decided.outcome, decided.offset) == ("decided", "applied", 0)
    assert (decided.tenant_version, decided.code_version) == (1, hub.processor.code_version)
    assert (said.type, said.topic, said.seq) == ("warranty.activated.v1", "warranty.status.v1", 1)
    assert msgspec.json.decode(said.data)["warranty"] == said.subject
    assert said.acknowledged
    assert [(view.name, view.shown) for view in said.projected] == [
        ("activity", True),
        ("deliveries", True),
    ]
    assert trace.stages[0].kind == "decided"
    assert {stage.kind for stage in trace.stages} == {"decided", "published", "projected"}


async def test_notes_when_it_saw_an_event_published_and_projected(hub: Hub) -> None:
    await hub.say(sale())

    async def holds() -> bool:
        trace = await hub.trace("evt-R-1")
        return trace is not None and all(s.at for s in trace.stages) and len(trace.stages) > 3

    await eventually(holds)
    trace = await hub.settled("evt-R-1")
    began = trace.began_at

    assert all(stage.at is not None and stage.at >= began for stage in trace.stages)
    assert trace.stages[0].after == 0
    assert trace.stages[-1].after == pytest.approx(sum(s.took or 0 for s in trace.stages))


async def test_shows_a_duplicate_beside_its_first(hub: Hub) -> None:
    await hub.say(sale(), sale())
    await hub.taken(2)
    trace = await hub.settled("evt-R-1")

    assert outcomes(trace, "evt-R-1") == ["applied", "deduplicated"]
    assert [len(one.said) for one in decisions(trace, "evt-R-1")] == [1, 0]


async def test_shows_why_a_sale_was_refused(hub: Hub) -> None:
    told = sale()
    told.body["lines"][0]["quantity"] = 1001
    await hub.say(told)
    trace = await hub.settled("evt-R-1")

    refused = only(decisions(trace, "evt-R-1"))
    assert (refused.outcome, only(refused.said).type) == ("rejected", "warranty.refused.v1")
    assert "1001 units" in refused.reason
    assert refused.reason in trace.stages[0].what


async def test_shows_an_early_return_waiting_and_then_decided(hub: Hub) -> None:
    await hub.say(returned())
    await hub.taken(1)
    await hub.shown()
    waiting = await hub.trace("back-R-1")
    await hub.say(sale())
    await hub.taken(2)
    trace = await hub.settled("back-R-1")

    assert waiting is not None
    assert waiting.complete
    assert "waits in its home" in only(waiting.open)
    assert outcomes(trace, "back-R-1") == ["early", "applied"]
    assert [one.before for one in decisions(trace, "back-R-1")] == [None, "early"]


async def test_shows_an_early_return_that_a_timer_ended(hub: Hub) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat().encode()
    await hub.say(replace(returned(), headers=(("hub-received-at", long_ago),)))
    await hub.taken(1)
    trace = await hub.settled("back-R-1")

    assert outcomes(trace, "back-R-1") == ["early", "rejected"]
    assert "waited 14 days" in decisions(trace, "back-R-1")[-1].reason


async def test_shows_a_sale_that_came_to_the_wrong_partition(hub: Hub) -> None:
    told = sale()
    right = place(told.home, PARTITIONS)
    await hub.say(told, part=(right + 1) % PARTITIONS)
    await hub.taken(2)
    trace = await hub.settled("evt-R-1")

    placed, decided = decisions(trace, "evt-R-1")
    assert (placed.kind, placed.outcome, placed.part) == (
        "placed",
        "forwarded",
        (right + 1) % PARTITIONS,
    )
    assert (decided.kind, decided.outcome, decided.part) == ("decided", "applied", right)


async def test_shows_a_dead_letter_and_its_redrive(hub: Hub) -> None:
    await hub.say(sale(tenant="newcomer"))
    await hub.taken(1)
    await hub.shown()
    dead = await hub.trace("evt-R-1", "newcomer")
    await put(hub.database, "newcomer", 24, 14)
    await asyncio.sleep(1.2)
    item = only(await list_items(hub.database, Filter(state="dead_lettered")))
    await redrive(hub.database, item.spot, "it is a tenant now", by="ada")
    await wait_until_acted(hub.database, [item.spot], 10)
    trace = await hub.settled("evt-R-1", "newcomer")

    assert dead is not None
    assert "unknown tenant" in only(dead.open)
    assert outcomes(trace, "evt-R-1") == ["dead_lettered", "applied"]
    assert decisions(trace, "evt-R-1")[0].kind == "set_aside"


async def test_shows_the_letters_between_homes_with_their_cause(hub: Hub) -> None:
    await hub.say(registration("SN-1"))
    await hub.taken(1)
    await hub.say(sale(serial="SN-1"))
    await eventually(lambda: _decided(hub, 2))
    trace = await hub.settled("evt-R-1")

    letters = [event for event in trace.events if event.id.startswith("ltr_")]
    known = {event.id for event in trace.events}
    assert letters
    assert all(letter.caused_by in known for letter in letters)
    assert {letter.source for letter in letters} == {"hub"}


async def _decided(hub: Hub, letters: int) -> bool:
    """Whether so many letters were decided, and none is on its way."""
    sql = "select count(*)::int from trail where event_id like 'ltr\\_%' and stage = 'decided'"
    left = await hub.database.fetchval("select count(*)::int from letter")
    return bool(await hub.database.fetchval(sql) >= letters) and left == 0


async def test_shows_the_request_and_its_answer(hub: Hub) -> None:
    told = sale()
    envelope = Envelope(
        id="api-1",
        source=source_of(TENANT, "shop"),
        type=told.type,
        time=NOON,
        tenant=TENANT,
        partitionkey=told.home,
    )
    one = Submission("api/shop/activations", envelope, told.home, msgspec.json.encode(told.body))
    submitter = Submitter(hub.database, hub.outlet, hub.processor.reads, PARTITIONS)
    (answer,) = await submitter.answers(await submitter.send([one]), within=30)
    trace = await hub.settled(one.request)

    asked = only(trace.requests)
    assert (asked.id, asked.outcome, asked.scope) == (one.request, "applied", one.scope)
    assert msgspec.json.decode(asked.answer) == msgspec.json.decode(answer.text or "")
    assert [stage.kind for stage in trace.stages][:1] == ["requested"]
    assert "answered" in {stage.kind for stage in trace.stages}


async def test_a_finished_way_is_complete_while_its_partition_has_news(idle: Hub) -> None:
    """Under steady traffic the trail is always a few batches behind somewhere."""
    scribe = Scribe(idle.database)
    await idle.work()
    async with idle.followed():
        await idle.say(sale())
        trace = await idle.settled("evt-R-1")
    mine = only(decisions(trace, "evt-R-1"))
    await scribe.decide([entry("other")], mine.topic, mine.part)
    await scribe.land([landing("raw_1")])
    trace_now = await idle.trace("evt-R-1")

    assert trace_now is not None
    assert (trace_now.complete, trace_now.behind, trace_now.open) == (True, (), ())


async def test_is_not_complete_while_a_step_that_must_follow_is_not_shown(hub: Hub) -> None:
    await hub.say(sale())
    await hub.settled("evt-R-1")
    await hub.database.execute("update projection_progress set seq = 0")
    unprojected = await hub.trace("evt-R-1")
    await hub.database.execute("update partition_owner set published_seq = 0")
    unpublished = await hub.trace("evt-R-1")

    for trace in (unprojected, unpublished):
        assert trace is not None
        assert (trace.complete, trace.behind) == (False, ())


async def test_a_log_that_is_late_elsewhere_says_nothing_of_a_way(idle: Hub) -> None:
    scribe = Scribe(idle.database)
    await idle.work()
    async with idle.followed():
        await idle.say(sale())
        await idle.settled("evt-R-1")
    await idle.database.execute(
        "insert into landing_owner (topic, part, epoch, first_offset, next_offset)"
        " values ('raw.pos.v1', 0, 1, 0, 1)"
    )
    await scribe.land([landing("raw_1")])
    await idle.database.execute("update landing set at = now() - interval '1 hour'")
    trace = await idle.trace("evt-R-1")

    assert trace is not None
    assert (trace.complete, trace.behind) == (True, ())


async def test_says_how_far_it_is_behind_instead_of_guessing(
    idle: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LATE_SECONDS", 0)
    await idle.work()
    async with idle.followed():
        await idle.say(sale())
        await idle.settled("evt-R-1")
    await idle.say(sale())
    await idle.taken(2)
    trace = await idle.trace("evt-R-1")

    assert trace is not None
    assert outcomes(trace, "evt-R-1") == ["applied"]
    assert not trace.complete
    late = only(trace.behind)
    assert (late.log, late.topic, late.batches) == ("ledger", idle.processor.reads.name, 1)
    assert late.seconds > 0

    async with idle.followed():
        trace = await idle.settled("evt-R-1")
    assert outcomes(trace, "evt-R-1") == ["applied", "deduplicated"]


async def test_does_not_know_which_code_decided_under_an_earlier_claim(hub: Hub) -> None:
    await hub.say(sale())
    await hub.settled("evt-R-1")
    await hub.database.execute("update partition_owner set epoch = epoch + 1")
    trace = await hub.trace("evt-R-1")

    assert trace is not None
    assert only(decisions(trace, "evt-R-1")).code_version is None


async def test_knows_nothing_of_what_nobody_said(hub: Hub) -> None:
    assert await hub.trace("evt-R-1") is None
    assert await hub.trace("") is None
    assert await hub.trace("a\x00b") is None
    assert await hub.trace("x" * 10_000) is None
