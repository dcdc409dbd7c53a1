"""How what cannot be said in one statement is broken and mended."""

import asyncio
from datetime import UTC, datetime

from hub.adapters.kafka import Message
from hub.dev.prove.alerts.scene import Scene
from hub.dev.simulator.doors import SOURCE
from hub.dev.simulator.goods import VOLTAGE
from hub.dev.simulator.order import Order
from hub.dev.simulator.said import Telling, published
from hub.dev.simulator.tickets import sold
from schemas.refs import order_home, place

INTAKE = "warranty.intake.v1"
STORM = 80
SINCE_COPY_SECONDS = 15.0

KEEP = """
insert into item (topic, part, "offset", home, state, tenant, event_id, type, attempt, due_at, reason, sealed,
                  received_at)
values ($1, 0, -1, 'no-such-home', $2, 'voltage', 'kept', 'sale.recorded.v1', 1,
        now() + interval '1 day', 'kept by the proof', '', now() - make_interval(hours => 2))
"""
DROP = "delete from item where event_id = 'kept'"
FORGET = """
with gone as (delete from item where topic = $1 and state in ('dead_lettered', 'held') returning part, state)
update partition_owner o set given_up = given_up + dead.n, dead_lettered = dead_lettered - dead.n
  from (select part, count(*) as n from gone where state = 'dead_lettered' group by part) dead
 where o.topic = $1 and o.part = dead.part
"""
FORGET_PARKED = (
    "update landing_owner set meaningless = meaningless + parked, parked = 0 where parked > 0"
)
SILENT = """
with heard as (update source_heard set at = now() - interval '1 hour' where source = 'night')
update source set changed_at = now() - interval '1 hour', quiet_after = 600 where name = 'night'
"""
# A line that waits for a unit of another home, under a source that never reported this order.
BAD_TIMER = """
with spoiled as (
  update purchase set doc = (doc::jsonb || '{"pointers": [{"connector": "gone", "line": "1", "warranty": "w",
         "serial": "S", "serial_norm": "S", "product": "p", "goods": ["p", null, null],
         "ends_on": "2030-01-01"}]}')::json
   where id = $2 returning id)
insert into timer (topic, part, home, name, tenant, due_at)
select $1, $3, id, 'link:gone:w', 'voltage', now() from spoiled
"""
CLEAR_TIMER = """
with mended as (
  update purchase set doc = (doc::jsonb - 'pointers')::json
   where id in (select home from timer where name = 'link:gone:w'))
delete from timer where name = 'link:gone:w'
"""


async def stop_kafka(scene: Scene) -> None:
    """Stop the broker in good order."""
    await asyncio.to_thread(scene.place.kafka.stop)


async def start_kafka(scene: Scene) -> None:
    """Start it again, and wait for everybody."""
    scene.place.kafka.spawn()
    await asyncio.to_thread(scene.place.kafka.wait_ready)
    await scene.ready()


async def stop_postgres(scene: Scene) -> None:
    """Stop Postgres as a crash would."""
    await asyncio.to_thread(scene.place.postgres.stop_immediate)


async def start_postgres(scene: Scene) -> None:
    """Start it again, and wait for everybody."""
    scene.place.postgres.spawn()
    await asyncio.to_thread(scene.place.postgres.wait_ready)
    await scene.ready()


async def publish_nonsense(scene: Scene) -> None:
    """Publish what is no event."""
    nonsense = Telling(f"nonsense-{_unique()}", VOLTAGE.tenant, "sale.imagined.v1", b"{}")
    await scene.publish(0, nonsense.message())


async def forget_dead_letters(scene: Scene) -> None:
    """End them as giving up would."""
    await scene.sql(FORGET, INTAKE)


async def keep_held(scene: Scene) -> None:
    """Hold an event that came two hours ago."""
    await scene.sql(KEEP, INTAKE, "held")


async def keep_retrying(scene: Scene) -> None:
    """Have an event retry that came two hours ago."""
    await scene.sql(KEEP, INTAKE, "retrying")


async def drop_kept(scene: Scene) -> None:
    """Take it out again."""
    await scene.sql(DROP)


async def send_unreadable(scene: Scene) -> None:
    """Have a till send a sale whose lines cannot be read, signed as ever."""
    ticket = dict(sold(_order(scene)).body)
    await scene.post(SOURCE, {**ticket, "lines": [{"quantity": "many"}]})


async def forget_parked(scene: Scene) -> None:
    """Count them as given up."""
    await scene.sql(FORGET_PARKED)


async def storm(scene: Scene) -> None:
    """Have code fail on every event of a tenant: nobody ever thought of one without a coverage."""
    await scene.sql("alter table tenant alter coverage_months drop not null")
    await scene.sql("insert into tenant values ('stormy', null, 14)")
    messages: list[Message] = []
    while len(messages) < STORM:
        telling = _stormy(scene)
        if place(telling.home or "", scene.way.partitions) == 0:
            messages.append(telling.message())
    await scene.publish(0, *messages)


async def calm(scene: Scene) -> None:
    """Mend what the code failed on; what was set aside is given up."""
    await scene.sql("update tenant set coverage_months = 24 where id = 'stormy'")
    await scene.ready()
    await forget_dead_letters(scene)


async def fall_silent(scene: Scene) -> None:
    """Have a source that may be quiet for ten minutes have been so for an hour."""
    await scene.add_source("night")
    await scene.sql(SILENT)


async def speak_again(scene: Scene) -> None:
    """Let it land something."""
    await scene.post("night", dict(sold(_order(scene)).body))


async def set_bad_timer(scene: Scene) -> None:
    """Have code fail on a timer: what it is about is not there."""
    home = await scene.sql("select id from purchase where tenant = 'voltage' limit 1")
    part = place(home, scene.way.partitions)
    await scene.sql(BAD_TIMER, INTAKE, home, part)


async def clear_timer(scene: Scene) -> None:
    """Take it away."""
    await scene.sql(CLEAR_TIMER)


async def keep_older_copy(scene: Scene) -> None:
    """Copy Postgres, and let the hub go on for some seconds."""
    await scene.postgres_from("copy", back=False)
    await scene.ready()
    await asyncio.sleep(SINCE_COPY_SECONDS)


async def restore_older_copy(scene: Scene) -> None:
    """Let Postgres lose what it acknowledged since then."""
    await scene.postgres_from("copy", back=True)


def _order(scene: Scene) -> Order:
    return Order(VOLTAGE, f"F-{_unique()}", scene.chance).of_pieces(1)


def _stormy(scene: Scene) -> Telling:
    order = _order(scene)
    telling = published(order)
    body = (telling.body or b"").replace(b'"coverage_months"', b'"ignored"')
    home = order_home("stormy", VOLTAGE.namespace, order.reference)
    return Telling(telling.id, "stormy", telling.type, body, home)


_count = iter(range(10**9))


def _unique() -> str:
    return f"{datetime.now(UTC):%H%M%S}-{next(_count)}"
