"""A system of the platform publishes with another client, which places records its own way."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer

from schemas.envelope import Envelope, source_of, to_headers
from tests.intake.conftest import TENANT, Installation

pytestmark = pytest.mark.servers

COUNT = 20


def publish(bootstrap: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for n in range(COUNT):
        sale = {
            "order": {"namespace": "shop", "reference": f"O-{n}"},
            "sold_at": "2026-01-31T10:15:00+03:00",
            "zone": "Europe/Istanbul",
            "lines": [{"line": "1", "product": {"code": "TV"}, "serials": [f"00{n:03}"]}],
        }
        envelope = Envelope(
            id=f"sale-{n}",
            source=source_of(TENANT, "shop"),
            type="sale.recorded.v1",
            time=datetime(2026, 1, 31, 7, 15, tzinfo=UTC),
            tenant=TENANT,
        )
        headers: list[tuple[str, str | bytes | None]] = [*to_headers(envelope)]
        # The key is the shop's own, so the default partitioner knows nothing of homes.
        producer.produce(topic, json.dumps(sale), key=f"O-{n}", headers=headers)
    assert producer.flush(30) == 0


async def test_twenty_events_of_the_default_partitioner_activate_twenty_warranties(
    hub: Installation,
) -> None:
    await asyncio.to_thread(publish, hub.settings.bootstrap, hub.intake.name)

    sql = "select count(*) from unit where status = 'covered'"
    for _ in range(300):
        if await hub.database.fetchval(sql) == COUNT:
            break
        await asyncio.sleep(0.1)

    rows = await hub.database.fetch("select serial, starts_on, ends_on from unit order by serial")
    assert [row["serial"] for row in rows] == [f"00{n:03}" for n in range(COUNT)]
    assert {(str(row["starts_on"]), str(row["ends_on"])) for row in rows} == {
        ("2026-01-31", "2028-01-31")
    }
    forwarded = await hub.database.fetchval("select sum(forwarded)::int from partition_owner")
    assert forwarded > 0
