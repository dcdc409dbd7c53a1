"""What was fetched for raw records: kept sealed, for the payload it was fetched for, as long as the record is.

What stands first stays, whoever fetched it: the same record must not mean two things.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256

from hub.access.keyring import Keyring, SealError
from hub.adapters.postgres import Database, Queries
from hub.intake.meaning import Landed

STORED = """
select "offset", tenant, body, sealed from enrichment
 where topic = $1 and part = $2 and "offset" = any($3::bigint[])
"""
KEEP = """
insert into enrichment as e (topic, part, "offset", tenant, body, sealed)
select $1, $2, n.* from unnest($3::bigint[], $4::text[], $5::bytea[], $6::bytea[]) as n
 order by 3 on conflict (topic, part, "offset") do update
   set body = excluded.body, sealed = case when e.body = excluded.body then e.sealed else excluded.sealed end
returning "offset", tenant, body, sealed
"""
FORGET = """
delete from enrichment e where topic = $1 and part = $2 and "offset" < $3
   and not exists (select 1 from item i where (i.topic, i.part, i."offset") = (e.topic, e.part, e."offset"))
"""


async def stored(
    queries: Database | Queries, keyring: Keyring, topic: str, part: int, landed: Iterable[Landed]
) -> dict[int, bytes]:
    """What is kept for these records, by offset; nothing for one whose payload has changed since."""
    bodies = {one.offset: _body(one) for one in landed}
    rows = await queries.fetch(STORED, topic, part, list(bodies))
    found: dict[int, bytes] = {}
    for row in rows:
        # What was sealed with a key that is gone is asked for anew.
        with suppress(SealError):
            if row["body"] == bodies[row["offset"]]:
                found[row["offset"]] = await keyring.opened(row["tenant"], row["sealed"])
    return found


async def keep(
    database: Database,
    keyring: Keyring,
    topic: str,
    part: int,
    fetched: Mapping[int, tuple[Landed, bytes]],
) -> dict[int, bytes]:
    """Keep what was fetched, by offset; gives what stands there now."""
    rows = [
        (offset, one.tenant, _body(one), keyring.seal(one.tenant, said))
        for offset, (one, said) in fetched.items()
    ]
    if not rows:
        return {}
    columns = [list(column) for column in zip(*rows, strict=True)]
    kept = {offset: said for offset, (_, said) in fetched.items()}
    for row in await database.fetch(KEEP, topic, part, *columns):
        with suppress(SealError):
            kept[row["offset"]] = await keyring.opened(row["tenant"], row["sealed"])
    return kept


async def forget(database: Database, topic: str, part: int, before: int) -> None:
    """Delete what was fetched for records that Kafka has no longer and that wait for nothing."""
    await database.execute(FORGET, topic, part, before)


def _body(landed: Landed) -> bytes:
    return sha256(landed.payload.value or b"").digest()
