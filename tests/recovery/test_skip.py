"""A partition that retention has passed goes on only when a person says so (hole 21)."""

import json

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from hub.adapters.kafka import Peek
from hub.recovery.skip import skip
from hub.recovery.spot import NotPossibleError, Spot
from hub.recovery.verify import Verifier
from tests.ledger.driver import Hub, count, key_in

pytestmark = pytest.mark.servers

KEY = key_in(0)


async def retention_removes(hub: Hub, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.settings.bootstrap)
    await admin.start()
    partition = TopicPartition(hub.processor.reads.name, 0)
    await admin.delete_records({partition: RecordsToDelete(before_offset=before)})
    await admin.close()


async def stopped_hub(hub: Hub) -> Spot:
    """Stands at 2, and what Kafka still has begins at 5; gives that place."""
    await hub.start()
    await hub.told_all(count("e0", KEY), count("e1", KEY))
    await hub.stop()
    await hub.tell(*(count(f"e{n}", KEY) for n in range(2, 8)))
    await retention_removes(hub, before=5)
    await hub.start()
    await hub.stopped("retention")
    return Spot(hub.processor.reads.name, 0, 5)


async def test_goes_on_counts_what_it_passed_and_keeps_the_reason(hub: Hub, peek: Peek) -> None:
    first_kept = await stopped_hub(hub)
    await hub.stop()
    epoch = (await hub.owners())[0]["epoch"]

    skipped = await skip(hub.db, peek, first_kept, "two weeks of holidays")

    assert skipped.count == 3
    # Whoever still believes to own the partition is fenced.
    assert (await hub.owners())[0]["epoch"] == epoch + 1
    await hub.start()
    await hub.settled()
    assert await hub.applied(KEY) == ["e0", "e1", "e5", "e6", "e7"]
    assert await hub.outcomes() == {"applied": 5, "stepped_over": 3}
    row = await hub.db.fetchrow("select * from ledger where kind = 'skip'")
    assert (row["from_offset"], row["to_offset"]) == (2, 5)
    assert json.loads(row["body"]) == {"why": "two weeks of holidays"}
    assert (await Verifier(hub.db, peek, hub.processor, ()).run()).holds


async def test_refuses_to_pass_what_can_still_be_decided(hub: Hub, peek: Peek) -> None:
    first_kept = await stopped_hub(hub)

    with pytest.raises(NotPossibleError, match="would lose what can be decided; skip to 5"):
        await skip(hub.db, peek, first_kept._replace(offset=6), "be quick")


async def test_refuses_to_go_back(hub: Hub, peek: Peek) -> None:
    first_kept = await stopped_hub(hub)
    await skip(hub.db, peek, first_kept, "gone")

    with pytest.raises(NotPossibleError, match="nothing to skip"):
        await skip(hub.db, peek, first_kept._replace(offset=1), "again")


async def test_needs_a_reason(hub: Hub, peek: Peek) -> None:
    with pytest.raises(NotPossibleError, match="needs a reason"):
        await skip(hub.db, peek, Spot("any", 0, 1), "")
