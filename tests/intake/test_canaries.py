"""Made-up people in tickets and files: nobody can be read in answers, tables or what is parked."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.dev.prove.canaries import places
from hub.dev.prove.canaries.doors import COLUMNS, bad_tickets, export, ticket
from hub.dev.prove.canaries.people import EMAILS, NAMES, contact
from hub.dev.prove.canaries.places import Heard, leaks
from hub.registry import connector
from tests.intake.conftest import Installation
from tests.intake.corner import (
    Shop,
    a_door,
    a_shop,
    a_translator,
    accounted,
    at_work,
    intake_of,
)
from tests.intake.dropping import DropBox

pytestmark = pytest.mark.servers


async def _push(shop: Shop, body: bytes) -> Heard:
    message, now = f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(shop.secret).sign(message, now, body.decode()),
    }
    answer = await shop.client.post(shop.url, content=body, headers=headers)
    return Heard(f"answer {answer.status_code}", answer.content)


async def test_nobody_can_be_read_of_whom_a_till_tells(
    kafka: str, dsn: str, database: Database
) -> None:
    pos = replace(connector("pos"), name=f"pos{uuid.uuid4().hex[:8]}")
    told = [*bad_tickets(), *(ticket(f"P-{n}", customer=contact(n)) for n in range(5))]
    bodies = [json.dumps(one, ensure_ascii=False).encode() for one in told]
    async with a_shop(kafka, dsn, database, pos, zone="Europe/Istanbul") as shop:
        intake = await intake_of(shop)
        async with a_door(shop), at_work(a_translator(shop, database, intake)):
            answers = [await _push(shop, body) for body in [*bodies, bodies[0][:-2]]]
            landed = await shop.landed()
            figures = await accounted(shop, len(landed))
        async with Peek(shop.kafka) as peek:
            refused = [one async for one in places.topics(peek, {shop.audit.name: 1})]

    assert {one.place for one in answers} == {"answer 202", "answer 400", "answer 422"}
    assert figures["parked"] >= 3
    assert leaks(answers) == []
    assert leaks(refused) == []
    assert leaks([one async for one in places.tables(database)]) == []


async def test_nobody_can_be_read_of_whom_a_file_tells_but_beside_the_file(
    hub: Installation, tmp_path: Path
) -> None:
    box = DropBox(tmp_path / "drop", hub)
    columns = dict(one.split("=") for one in COLUMNS.split(","))
    await box.add_source(columns=columns)
    box.drop("export.csv", export("F"))
    box.drop(f"of {EMAILS[0]}.csv", f"{NAMES[0]};{EMAILS[1]}\n1;2\n")
    async with box.watched():
        await box.ended("export.csv")
        refused = await box.ended("of hidden", "refused")

    (bad,) = [one for one in box.result("export.csv") if one["status"] == "unreadable"]
    assert bad["code"] == "date_unknown_form"
    assert f"“{NAMES[0]}”" in bad["detail"]
    assert f"“{NAMES[0]}”" in refused["reason"]
    assert {one["reason"] for one in await box.progress()} != {""}
    assert leaks([one async for one in places.tables(hub.database)]) == []
