"""The proof of the redrive ends by saying what is stuck, where something is."""

import pytest

from hub.adapters.postgres import Database
from hub.dev.crash.tally.processor import INTAKE
from hub.dev.prove.redrive import until_left

pytestmark = pytest.mark.servers

LETTER = """
insert into item (topic, part, "offset", state, tenant, event_id, type, attempt, reason, sealed, received_at, wanted)
select $1, 1, n, 'dead_lettered', 'acme', 'e' || n, '', 1, 'cannot count this', '', now(),
       case when n = 7 then 'redrive' end
  from generate_series(7, 9) n
"""


async def test_says_what_is_stuck_where_no_dead_letter_goes(database: Database) -> None:
    await database.execute(LETTER, INTAKE.name)

    with pytest.raises(TimeoutError) as caught:
        await until_left(database, 2, seconds=0.2)

    said = str(caught.value)
    assert said.startswith("3 dead letters and none fewer for 0.2 s: partition 1, held by nobody")
    assert "3 items, 1 wanted, the first at offset 7: cannot count this" in said


async def test_goes_on_as_soon_as_few_enough_are_left(database: Database) -> None:
    await database.execute(LETTER, INTAKE.name)

    await until_left(database, 3, seconds=0)
