"""What both bare loops share: the work on one sale, the one upsert, and the loop's surroundings."""

import json
import os
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.events.parts import local_date
from schemas.events.sale import SaleRecorded

MONTHS = 24
BATCH = 500
"""Records of one partition in one step, as in the hub."""

TABLE = """
create table warranty (
  id text primary key, home text not null, tenant text not null, status text not null,
  serial text, product text not null, order_reference text, branch text,
  starts_on date not null, ends_on date not null, doc jsonb not null
)
"""
UPSERT = """
insert into warranty
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::date[], $10::date[], $11::jsonb[])
on conflict (id) do nothing
returning id
"""


class Row(NamedTuple):
    """A warranty as the loops store it."""

    id: str
    home: str
    tenant: str
    status: str
    serial: str | None
    product: str
    order_reference: str
    branch: str | None
    starts_on: date
    ends_on: date
    doc: str


class Done(NamedTuple):
    """One sale, worked on: its row and the event that tells of it."""

    row: Row
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a loop reads and writes; handed over in the environment."""

    kafka: str
    postgres: str
    reads: str
    writes: str

    @classmethod
    def from_env(cls) -> "Surroundings":
        """Read what `env` has written."""
        return cls(*(os.environ[f"BENCH_{name}"] for name in ("KAFKA", "POSTGRES", "IN", "OUT")))

    def env(self) -> dict[str, str]:
        """The environment for the loop's process."""
        values = (self.kafka, self.postgres, self.reads, self.writes)
        names = ("KAFKA", "POSTGRES", "IN", "OUT")
        return {f"BENCH_{name}": value for name, value in zip(names, values, strict=True)}

    def consumer(self) -> Any:
        """One consumer with the hub's fetch sizes."""
        return AIOKafkaConsumer(
            self.reads,
            bootstrap_servers=self.kafka,
            group_id=f"{self.reads}-readers",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=512 * 1024,
            fetch_max_wait_ms=100,
        )

    def producer(self) -> Any:
        """One producer with the hub's guarantees and batch size."""
        return AIOKafkaProducer(
            bootstrap_servers=self.kafka,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=256 * 1024,
        )


def work(record: Any) -> Done:
    """Validate a sale, decide its coverage, and say so."""
    headers = {name: value.decode() for name, value in record.headers}
    sale = SaleRecorded.model_validate_json(record.value)
    line, home = sale.lines[0], headers["ce_partitionkey"]
    starts_on = local_date(sale.sold_at, sale.zone)
    fact = {
        "warranty": f"wty_{home}_1",
        "product": line.product.model_dump(exclude_none=True),
        "starts_on": starts_on.isoformat(),
        "ends_on": _add_months(starts_on, line.coverage_months or MONTHS).isoformat(),
        "connector": "till",
        "by": "sale",
        "order": sale.order.model_dump(),
        "line": line.line,
        "serial": line.serials[0],
        "branch": sale.branch,
    }
    value = json.dumps(fact, separators=(",", ":"))
    row = Row(
        headers["ce_id"], home, headers["ce_tenant"], "covered", line.serials[0],
        line.product.key, sale.order.reference, sale.branch, starts_on,
        _add_months(starts_on, line.coverage_months or MONTHS), value,
    )  # fmt: skip
    return Done(row, home.encode(), value.encode(), _headers(headers, row))


def _headers(cause: dict[str, str], row: Row) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"activated-{row.id}".encode()),
        ("ce_source", b"/tenants/acme/sources/loop"),
        ("ce_type", b"warranty.activated.v1"),
        ("ce_time", cause["ce_time"].encode()),
        ("ce_tenant", cause["ce_tenant"].encode()),
        ("content-type", b"application/json"),
        ("ce_partitionkey", row.home.encode()),
        ("ce_causationid", row.id.encode()),
    ]


def _add_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


async def upsert(pool: "asyncpg.Pool[Any]", rows: Sequence[Row]) -> set[str]:
    """Store rows in one statement; gives the ids that were not there before."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return {cast("str", row["id"]) for row in await pool.fetch(UPSERT, *columns)}
