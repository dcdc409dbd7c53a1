"""Made-up people told over HTTP, by shops and by staff: nobody can be read in answers, tables or the audit."""

import json

import httpx
import pytest

from hub.adapters.kafka import Peek
from hub.audit.refusals import PER_SECOND
from hub.dev.prove.canaries import places
from hub.dev.prove.canaries.doors import MESSY, Ear, bad_bodies, fact, odd_paths
from hub.dev.prove.canaries.people import EMAILS, contact
from hub.dev.prove.canaries.places import leaks
from hub.dev.prove.canaries.staff import Staff
from tests.api.conftest import PARTITIONS, TENANT, Hub
from tests.intake.corner import KEYRING

pytestmark = pytest.mark.servers


async def test_nobody_can_be_read_of_whom_a_shop_or_its_staff_tells(idle: Hub) -> None:
    await idle.start()
    ear = Ear()
    async with idle.api() as api, httpx.AsyncClient(timeout=30) as http:
        shown = MESSY | {"authorization": f"Bearer {api.tokens[TENANT]}"}
        reports = f"{api.url}/v1/activations"
        for n in range(5):
            good = json.dumps({"sale": fact(f"A-{n}", customer=contact(n))})
            key = {"idempotency-key": f"{EMAILS[n % 4]}-{n}"}
            await ear.sent(http, "POST", reports, shown | key, good)
        for body in bad_bodies():
            await ear.sent(http, "POST", reports, shown, body)
        for path in odd_paths():
            await ear.sent(http, "GET", f"{api.url}{path}", shown)
        await Staff(ear, api.url, idle.database, KEYRING).all()
    topics = {idle.audit: 1, idle.processor.writes.name: PARTITIONS}
    async with Peek(idle.kafka) as peek:
        refused = [one async for one in places.topics(peek, topics)]

    # All come from a few callers, of each of whom so many a second are written.
    assert len(refused) > PER_SECOND
    assert {one.place for one in ear.answers} > {
        "answer 201 of POST /v1/activations",
        "answer 201 of POST /v1/policies",
        "answer 422 of POST /v1/activations",
    }
    assert leaks(ear.answers) == []
    assert leaks(refused) == []
    assert leaks([one async for one in places.tables(idle.database)]) == []
