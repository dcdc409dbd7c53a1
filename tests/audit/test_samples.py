"""The monthly sample: drawn by a rule that anybody can follow, reviewed once by somebody who did not decide."""

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from hub.adapters.postgres import connect_for_tenants
from hub.audit.entries import By
from hub.audit.samples.drawing import SampleError, Wish, draw, span
from hub.audit.samples.reviews import (
    Finding,
    NoSampleError,
    SampleDocument,
    read_sample,
    review,
    samples,
)
from hub.sdk.failures import StoreUnavailableError
from tests.audit.conftest import ANN, NOON, OTHER, TENANT, Log

pytestmark = pytest.mark.servers
BEN = By(kind="person", id="usr_ben", role="finance_user")
ADD = """
insert into audit_entry (tenant, at, action, subject, by_kind, by_id, doc)
values ($1, $2, 'event:decided', $3, $4, $5, $6::json)
"""
PROPOSAL = "insert into proposal values ($1, $2, $3, 1, 'approved', $4, '{}')"
FINE = [Finding(check=check, code="ok") for check in ("evidence", "decision", "who", "wording")]


def unit(n: int) -> str:
    return f"wty_{'a' * 13}{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}_1"


async def decided(
    log: Log,
    numbers: list[int],
    *,
    at: datetime = NOON,
    kind: str = "activated",
    tenant: str = TENANT,
) -> None:
    for n in numbers:
        said = [{"type": f"warranty.{kind}.v1", "subject": unit(n)}]
        doc = json.dumps({"stage": "decided", "said": said})
        home = unit(n).split("_")[1]
        await log.database.execute(ADD, tenant, at, home, "source", "till", doc)


@pytest.mark.parametrize("action", ["event:decided", "status:changed", "proposal:approved"])
async def test_what_was_ended_by_hand_is_among_what_is_drawn(log: Log, action: str) -> None:
    said = [{"type": "warranty.ended.v1", "subject": unit(7)}]
    doc = json.dumps({"stage": "decided", "said": said})
    sql = ADD.replace("event:decided", action)
    await log.database.execute(sql, TENANT, NOON, unit(7), "person", "usr_ann", doc)
    wish = Wish(tenant=TENANT, month="2026-10", size=10, seed="s1")

    await draw(log.engine, wish, BEN)

    found = await read_sample(log.engine, TENANT, wish.id)
    assert drawn(found) == [("warranty_ended", unit(7))]


async def test_whoever_settled_a_proposal_of_it_does_not_review_it(log: Log) -> None:
    home = unit(7).split("_")[1]
    await decided(log, [7], kind="ended")
    await log.database.execute(PROPOSAL, f"prp_{home}_1", home, TENANT, unit(7))
    await log.database.execute(
        ADD.replace("event:decided", "proposal:approved"),
        *(TENANT, NOON, f"prp_{home}_1", "person", ANN.id, "{}"),
    )
    wish = Wish(tenant=TENANT, month="2026-10", size=10, seed="s1")
    await draw(log.engine, wish, BEN)

    with pytest.raises(SampleError, match="usr_ann had a part"):
        await review(log.engine, TENANT, wish.id, 1, findings=FINE, by=ANN)
    await review(log.engine, TENANT, wish.id, 1, findings=FINE, by=BEN)


def by_hand(wish: Wish, records: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The sample as its description says."""

    def score(record: tuple[str, str]) -> bytes:
        lines = ["hub.audit.sample/1", wish.tenant, wish.month, wish.seed, *record]
        return hashlib.sha256("\n".join(lines).encode()).digest()

    return sorted(records, key=score)[: wish.size]


def drawn(document: SampleDocument) -> list[tuple[str, str]]:
    return [(one.kind, one.record) for one in document.items]


async def test_the_same_records_give_the_same_sample_in_whatever_order_they_came(log: Log) -> None:
    wish = Wish(tenant=TENANT, month="2026-10", size=10, seed="s1")
    numbers = list(range(80))
    random.Random(1).shuffle(numbers)  # noqa: S311 - a test
    await decided(log, numbers)
    await decided(log, numbers[:20], kind="ended")
    await decided(log, numbers[:5])
    await decided(log, [90], at=datetime(2026, 11, 1, tzinfo=UTC))
    await decided(log, [91], at=datetime(2026, 10, 1, tzinfo=UTC) - timedelta(microseconds=1))
    await decided(log, [92], tenant=OTHER)

    assert await draw(log.engine, wish, ANN)
    assert not await draw(log.engine, wish, BEN)

    found = await read_sample(log.engine, TENANT, wish.id)
    records = [("warranty_activated", unit(n)) for n in range(80)]
    records += [("warranty_ended", unit(n)) for n in numbers[:20]]
    assert drawn(found) == by_hand(wish, records)
    assert (found.sample.population, found.sample.by) == (100, ANN.id)
    larger = Wish(tenant=TENANT, month="2026-10", size=15, seed="s1")
    await draw(log.engine, larger, ANN)
    assert drawn(await read_sample(log.engine, TENANT, larger.id))[:10] == drawn(found)
    other = Wish(tenant=TENANT, month="2026-10", size=10, seed="s2")
    await draw(log.engine, other, ANN)
    assert drawn(await read_sample(log.engine, TENANT, other.id)) != drawn(found)


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-13", "no month"),
        ("26-1", "no month"),
        ("2026-11 ", "no month"),
        ("2099-01", "not over"),
    ],
)
async def test_a_month_that_is_none_or_not_over_is_refused(log: Log, month: str, said: str) -> None:
    with pytest.raises(SampleError, match=said):
        await draw(log.engine, Wish(tenant=TENANT, month=month, size=1, seed="s"), ANN)


def test_a_month_ends_where_the_next_begins() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert span("2026-12", now) == (datetime(2026, 12, 1, tzinfo=UTC), now)
    with pytest.raises(SampleError):
        span("2026-12", now - timedelta(microseconds=1))


@pytest.fixture
async def sample(log: Log) -> str:
    await decided(log, [1, 2, 3])
    home = unit(1).split("_")[1]
    await log.database.execute(ADD, TENANT, NOON, home, "person", ANN.id, "{}")
    wish = Wish(tenant=TENANT, month="2026-10", size=3, seed="s")
    await draw(log.engine, wish, ANN)
    return wish.id


async def place_of(log: Log, sample: str, n: int) -> int:
    items = (await read_sample(log.engine, TENANT, sample)).items
    return next(one.place for one in items if one.record == unit(n))


async def test_what_was_found_is_kept_once_and_for_ever(log: Log, sample: str) -> None:
    place = await place_of(log, sample, 2)
    found = [Finding(check="who", code="wrong", text="nobody of the setup map"), *FINE[:2], FINE[3]]

    await review(log.engine, TENANT, sample, place, findings=found, by=ANN)
    with pytest.raises(SampleError, match="reviewed before"):
        await review(log.engine, TENANT, sample, place, findings=FINE, by=BEN)

    (listed,) = await samples(log.engine, TENANT)
    assert (listed.records, listed.reviewed, listed.objected, listed.left) == (3, 1, 1, 2)
    kept = (await read_sample(log.engine, TENANT, sample)).items[place - 1].review
    assert kept is not None
    assert (kept.by, kept.role, kept.findings[0].text) == (ANN.id, ANN.role, found[0].text)
    for act in ("update audit_review set by = 'x'", "delete from audit_review"):
        with pytest.raises(StoreUnavailableError, match="only ever added"):
            await log.database.execute(act)
    actions = await log.database.fetch(
        "select action, by_id from audit_entry where action like 'sample:%' order by n"
    )
    assert [tuple(row) for row in actions] == [
        ("sample:drawn", ANN.id),
        ("sample:reviewed", ANN.id),
    ]


async def test_nobody_reviews_what_he_had_a_part_in(log: Log, sample: str) -> None:
    place = await place_of(log, sample, 1)

    with pytest.raises(SampleError, match="somebody else"):
        await review(log.engine, TENANT, sample, place, findings=FINE, by=ANN)
    with pytest.raises(SampleError, match="somebody else"):
        await review(log.engine, TENANT, sample, place, findings=FINE, by=BEN, known_as=[ANN.id])
    await review(log.engine, TENANT, sample, place, findings=FINE, by=BEN)


async def test_nobody_reviews_what_he_reported_himself(log: Log, sample: str) -> None:
    place, home = await place_of(log, sample, 1), unit(1).split("_")[1]
    await log.database.execute(ADD, TENANT, NOON, home, "source", "usr-ben", "{}")

    with pytest.raises(SampleError, match="somebody else"):
        await review(log.engine, TENANT, sample, place, findings=FINE, by=BEN, known_as=["usr-ben"])


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (FINE[:3], "answer each once"),
        ([*FINE, FINE[0]], "answer each once"),
        ([Finding(check="who", code="missing", text="short"), *FINE[:2], FINE[3]], "say of who"),
    ],
)
async def test_a_review_that_leaves_something_out_is_refused(
    log: Log, sample: str, findings: list[Finding], said: str
) -> None:
    with pytest.raises(SampleError, match=said):
        await review(log.engine, TENANT, sample, 1, findings=findings, by=BEN)


async def test_a_tenant_sees_and_reviews_its_own_samples_alone(log: Log, sample: str) -> None:
    api = await connect_for_tenants(log.dsn, size=1)
    try:
        async with api.speaking_for(OTHER) as queries:
            assert await samples(queries, TENANT) == []
            with pytest.raises(NoSampleError):
                await review(queries, OTHER, sample, 1, findings=FINE, by=BEN)
        async with api.speaking_for(TENANT) as queries:
            await review(
                queries, TENANT, sample, await place_of(log, sample, 2), findings=FINE, by=BEN
            )
            assert await draw(queries, Wish(tenant=TENANT, month="2026-10", size=1, seed="x"), BEN)
            assert len(await samples(queries, TENANT, only_open=True)) == 2
    finally:
        await api.close()
