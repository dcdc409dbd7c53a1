"""What shops answered, kept before anything is decided by it: what was said first is said for ever.

So an event that is decided again, by whichever process, is decided by the same answer.
"""

from collections.abc import Iterable

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.domain.shop_orders import ShopAnswer
from hub.sdk.events import Ask, AskShop

FOUND = """
select a.tenant, a.key, s.doc from unnest($1::text[], $2::text[]) as a(tenant, key)
  join shop_answer s on s.tenant = a.tenant and s.key = a.key
"""
KEEP = """
insert into shop_answer (tenant, key, source, event, doc) values ($1, $2, $3, $4, $5)
on conflict (tenant, key) do nothing
"""

_read = msgspec.json.Decoder(ShopAnswer).decode


async def shop_answers(
    database: Database | Queries, asks: Iterable[AskShop]
) -> dict[Ask, ShopAnswer | None]:
    """What was answered to each; None where nothing was yet."""
    by_key = {(ask.tenant, ask.key): ask for ask in asks}
    tenants, keys = [tenant for tenant, _ in by_key], [key for _, key in by_key]
    found: dict[Ask, ShopAnswer | None] = dict.fromkeys(by_key.values())
    for row in await database.fetch(FOUND, tenants, keys):
        found[by_key[row["tenant"], row["key"]]] = _read(row["doc"])
    return found


async def keep_answer(database: Database, ask: AskShop, answer: ShopAnswer) -> None:
    """Keep an answer, unless there is one already."""
    doc = msgspec.json.encode(answer).decode()
    await database.execute(KEEP, ask.tenant, ask.key, answer.source, ask.event, doc)
