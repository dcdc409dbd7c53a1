"""Reserve, publish, await: whoever asks again hears the first answer."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.ledger.submit import Answer, Submission, Submitter
from hub.sdk.events import Outcome
from schemas.envelope import Envelope, source_of
from schemas.refs import order_home
from tests.intake.conftest import TENANT, Installation

pytestmark = pytest.mark.servers

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def submission(order: str, event: str, kind: str, body: dict[str, Any]) -> Submission:
    home = order_home(TENANT, "till", order)
    envelope = Envelope(
        id=event,
        source=source_of(TENANT, "till"),
        type=kind,
        time=NOON,
        tenant=TENANT,
        partitionkey=home,
    )
    whole = {"order": {"namespace": "till", "reference": order}, "zone": "UTC", **body}
    return Submission("test", envelope, home, json.dumps(whole).encode())


def sale(order: str = "R-1", *, quantity: int = 1, event: str | None = None) -> Submission:
    line = {"line": "1", "product": {"code": "TV"}, "quantity": quantity}
    body = {"sold_at": NOON.isoformat(), "lines": [line]}
    return submission(order, event or order, "sale.recorded.v1", body)


async def ask(submitter: Submitter, *submissions: Submission, within: float = 30) -> list[Answer]:
    return await submitter.answers(await submitter.send(submissions), within=within)


async def records(hub: Installation) -> int:
    """How many events the hub has taken in."""
    sql = "select coalesce(sum(next_offset - first_offset), 0)::int from partition_owner"
    found: int = await hub.database.fetchval(sql)
    return found


async def test_hears_what_was_decided_in_the_order_asked(
    hub: Installation, submitter: Submitter
) -> None:
    asked = [sale(f"R-{n}", quantity=1 if n % 2 else 1001) for n in range(20)]
    answers = await ask(submitter, *asked)

    assert [answer.request for answer in answers] == [one.request for one in asked]
    assert [answer.outcome for answer in answers] == [Outcome.REJECTED, Outcome.APPLIED] * 10
    assert not any(answer.replayed for answer in answers)


async def test_a_repeat_is_answered_with_the_first_answer_and_sends_nothing(
    hub: Installation, submitter: Submitter
) -> None:
    (first,) = await ask(submitter, sale())
    taken = await records(hub)
    (again,) = await ask(submitter, sale(), within=0)

    assert again == replace(first, replayed=True)
    assert await records(hub) == taken == 1


async def test_the_same_id_with_another_body_is_refused(
    hub: Installation, submitter: Submitter
) -> None:
    first, other = sale(event="e"), sale(event="e", quantity=2)
    together = await ask(submitter, first, other, first)
    (later,) = await ask(submitter, other)

    assert [answer.outcome for answer in together] == [
        Outcome.APPLIED,
        Outcome.REJECTED,
        Outcome.APPLIED,
    ]
    assert later.outcome is Outcome.REJECTED
    assert later.text is not None
    assert json.loads(later.text)["reasons"][0]["code"] == "id_reused"
    assert await records(hub) == 1


async def test_two_who_submit_the_same_in_another_order_do_not_wait_for_each_other(
    idle: Installation, submitter: Submitter
) -> None:
    for n in range(10):
        asked = [sale(f"R-{n}-{m}") for m in range(300)]
        sent = await asyncio.gather(submitter.send(asked), submitter.send(asked[::-1]))
        assert sent[0].requests == sent[1].requests[::-1]

    assert await idle.database.fetchval("select count(*) from request") == 3_000


async def test_what_is_undecided_at_the_deadline_is_said_so_and_heard_later(
    idle: Installation, submitter: Submitter
) -> None:
    (waiting,) = await ask(submitter, sale(), within=0.1)
    assert (waiting.outcome, waiting.text) == (None, None)

    await idle.start()
    (answer,) = await ask(submitter, sale())

    assert answer.outcome in {Outcome.APPLIED, Outcome.DEDUPLICATED}
    assert answer.text is not None
    assert len(json.loads(answer.text)["warranties"]) == 1
    assert await idle.database.fetchval("select count(*) from unit") == 1


async def test_an_early_answer_is_replaced_once_the_event_is_decided(
    hub: Installation, submitter: Submitter
) -> None:
    body = {"reference": "I-1", "returned_at": NOON.isoformat()}
    back = submission("R-1", "I-1", "sale.returned.v1", body)
    (early,) = await ask(submitter, back)
    await ask(submitter, sale())
    (later,) = await ask(submitter, back)

    assert early.outcome is Outcome.EARLY
    assert (later.outcome, later.replayed) == (Outcome.APPLIED, True)


async def test_callers_wait_side_by_side(hub: Installation, submitter: Submitter) -> None:
    sent = [await submitter.send([sale(f"R-{n}")]) for n in range(5)]
    answers = await asyncio.gather(*(submitter.answers(one, within=30) for one in sent))

    assert [one.outcome for (one,) in answers] == [Outcome.APPLIED] * 5


async def test_asking_nothing_is_answered_with_nothing(submitter: Submitter) -> None:
    assert await ask(submitter) == []
