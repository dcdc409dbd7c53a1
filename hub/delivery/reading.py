"""What was to be delivered, what became of it, and every attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.delivery.bodies import body_of
from hub.delivery.endpoints import find
from hub.domain.errors import HubError
from schemas.refs import derived_id

MAX_LIMIT = 200
TEST_TYPE = "endpoint.tested.v1"
OPEN = "open"

COLUMNS = """
d.seq as id, d.endpoint, d.event, s.type, d.subject, d.state, d.tries, d.attempts, d.status, d.outcome,
d.made_at, d.due_at, d.ended_at, d.replay
"""
LIST = f"""
select {COLUMNS} from delivery d join status_event s on s.tenant = d.tenant and s.id = d.event
 where d.tenant = $1 and ($2::text is null or d.endpoint = $2) and {{in_state}}
   and ($4::text is null or d.subject = $4) and ($5::text is null or d.event = $5)
   and ($6::bigint is null or d.seq < $6) and ($7::text is null or s.type = $7)
   and ($8::timestamptz is null or d.made_at >= $8) and ($9::timestamptz is null or d.made_at < $9)
 order by d.seq desc limit $10
"""
IN_STATE = "($3::text is null or d.state = $3)"
ON_ITS_WAY = "$3::text = 'open' and d.state in ('waiting', 'sending')"
ONE = f"""
select {COLUMNS}, s.body, e.payload
  from delivery d join status_event s on s.tenant = d.tenant and s.id = d.event
       join endpoint e on e.id = d.endpoint
 where d.tenant = $1 and d.seq = $2
"""
ATTEMPTS = """
select n, began_at, state, status, ms, outcome, explained, answer from delivery_attempt
 where delivery = $1 order by n
"""
OF_CLAIMS = f"""
select {COLUMNS} from delivery d join status_event s on s.tenant = d.tenant and s.id = d.event
 where d.tenant = $1 and d.subject = any($2::text[]) and left(d.subject, 4) in ('clm_', 'eff_')
 order by d.seq limit $3
"""
"""As `delivery_of_claims` has them."""
TRIED = """
select delivery, n, began_at, state, status, ms, outcome, explained, '' as answer from delivery_attempt
 where delivery = any($1::bigint[]) order by delivery, n
"""
TEST = """
with told as (
  insert into status_event (tenant, id, type, subject, branch, at, seq, body)
  values ($1, $2, $3, $4, '', clock_timestamp(), 0, $5) returning id)
insert into delivery (tenant, endpoint, event, subject) select $1, $4, id, $4 from told returning seq
"""


class DeliveryGoneError(HubError):
    """There is no such delivery."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    id: int
    endpoint: str
    event: str
    """Also the `webhook-id` of every attempt."""
    type: str
    subject: str
    state: str
    tries: int
    """Steps of the schedule that are used up."""
    attempts: int
    status: int | None
    """Of the last answer."""
    outcome: str
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None
    replay: int | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, from before it was made."""

    n: int
    began_at: datetime
    state: str
    status: int | None
    ms: int | None
    outcome: str
    explained: str
    answer: str
    """Its beginning, redacted."""


class DeliveryWithAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what is sent and every attempt."""

    delivery: Delivery
    body: Any
    attempts: list[Attempt]


class DeliveryTold(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with every attempt, without what was sent and answered."""

    delivery: Delivery
    attempts: list[Attempt]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries; all of it has to fit."""

    endpoint: str | None = None
    state: str | None = None
    """`open`: still on its way, whether it waits or is being sent."""
    subject: str | None = None
    event: str | None = None
    before: int | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def deliveries(
    queries: Queries, tenant: str, wanted: Wanted, limit: int = 50
) -> list[Delivery]:
    """Deliveries, newest first."""
    values = (
        *(wanted.endpoint, wanted.state, wanted.subject, wanted.event, wanted.before),
        *(wanted.type, wanted.since, wanted.until),
    )
    sql = LIST.format(in_state=ON_ITS_WAY if wanted.state == OPEN else IN_STATE)
    return [_delivery(row) for row in await queries.fetch(sql, tenant, *values, limit)]


async def read(queries: Queries, tenant: str, number: int) -> DeliveryWithAttempts:
    """One delivery.

    Raises:
        DeliveryGoneError: there is no such delivery.

    """
    rows = await queries.fetch(ONE, tenant, number)
    if not rows:
        raise DeliveryGoneError(f"there is no delivery {number}; list those there are")
    body = msgspec.json.decode(body_of(rows[0]["body"], rows[0]["payload"]))
    attempts = [_attempt(row) for row in await queries.fetch(ATTEMPTS, number)]
    return DeliveryWithAttempts(delivery=_delivery(rows[0]), body=body, attempts=attempts)


async def of_claims(
    queries: Queries, tenant: str, subjects: Sequence[str], limit: int = 500
) -> list[DeliveryTold]:
    """What was told of claims and effects, and how it went, oldest first."""
    rows = await queries.fetch(OF_CLAIMS, tenant, list(subjects), limit)
    tried = await queries.fetch(TRIED, [row["id"] for row in rows])
    return [
        DeliveryTold(
            delivery=_delivery(row),
            attempts=[_attempt(each) for each in tried if each["delivery"] == row["id"]],
        )
        for row in rows
    ]


async def send_test(queries: Queries, tenant: str, endpoint: str, now: datetime) -> int:
    """Have an event of no meaning delivered to one endpoint; gives the delivery's number.

    Raises:
        EndpointGoneError: there is no such endpoint.

    """
    await find(queries, tenant, endpoint)
    event = derived_id("tst", endpoint, now.isoformat())
    body = {
        "specversion": "1.0",
        "id": event,
        "source": f"/tenants/{tenant}/sources/hub",
        "type": TEST_TYPE,
        "time": now.isoformat(),
        "subject": endpoint,
        "datacontenttype": "application/json",
        "data": {"endpoint": endpoint},
    }
    text = msgspec.json.encode(body).decode()
    rows = await queries.fetch(TEST, tenant, event, TEST_TYPE, endpoint, text)
    return int(rows[0]["seq"])


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__struct_fields__})


def _attempt(row: Any) -> Attempt:
    return Attempt(**{name: row[name] for name in Attempt.__struct_fields__})
