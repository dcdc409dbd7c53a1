"""`python -m hub.dev.prove.tokens`: no mutated key, token or signature is taken, every good one is.

So many at the verifiers themselves, and some at a whole `hub serve` over HTTP.
"""

import argparse
import asyncio
import logging
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from hub.access.admission import Admission, admission
from hub.access.keyring import Keyring
from hub.access.keys import COMMAND
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.sessions import begin
from hub.adapters.postgres import Database, connect, connect_for_tenants
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.crash.run import say
from hub.dev.prove.mutations import given_out, mutated, of_keys, of_tokens
from hub.dev.prove.staged import staged
from hub.settings import DEVELOPMENT_KEY

AT_ONCE = 16
READY_SECONDS = 60.0
HELD = "update person set state = 'active' where id = $1"
NOT_KNOWN = 401


async def prove(place: Installation, count: int, over_http: int, good: int, seed: int) -> Any:
    """Everything, on servers that run."""
    await place.prepare()
    keyring, fleet = Keyring(DEVELOPMENT_KEY.encode()), Fleet(place)
    database, tenants = await connect(place.dsn, size=4), await connect_for_tenants(place.dsn)
    try:
        admitting = admission(tenants, keyring)
        tokens = await _tokens(admitting, database, keyring, good // 2)
        began = time.monotonic()
        figures = await mutated(admitting, database, tokens[:50], count=count, seed=seed)
        figures["seconds"] = round(time.monotonic() - began, 1)
        say(f"{figures['tried']:,} at the verifiers, {len(figures['accepted'])} accepted")
        fleet.add("serve", 1)
        async with asyncio.timeout(READY_SECONDS):
            while not await fleet.members[0].is_ready():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        url = f"http://127.0.0.1:{fleet.of('serve')[0].door}"
        keys = await given_out(database, good - good // 2, "partner")
        figures["http"] = await _over_http(url, keys, tokens, over_http, seed)
    finally:
        fleet.end_all()
        await tenants.close()
        await database.close()
    return _judged(figures, count, over_http, good)


async def _tokens(
    admitting: Admission, database: Database, keyring: Keyring, count: int
) -> list[str]:
    """As many good tokens, each of another session."""
    async with database.transaction() as queries:
        asked = Invitation(TENANT, "ada@example.org", Role.SALES_STAFF)
        person = await invite(queries, keyring, asked, COMMAND, Wording(""))
        await queries.execute(HELD, person)
    async with database.transaction() as queries:
        begun = [await begin(queries, TENANT, person, Role.SALES_STAFF) for _ in range(count)]
    return [await admitting.access_token(one) for one in begun]


async def _over_http(
    url: str, keys: Sequence[str], tokens: Sequence[str], count: int, seed: int
) -> dict[str, Any]:
    """Show good ones and mutations to a door; what each was answered."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture
    good = [*keys, *tokens]
    shown = [(True, one) for one in good]
    while len(shown) < len(good) + count:
        wrong = of_keys(chance, keys) if chance.random() < 0.5 else of_tokens(chance, tokens)  # noqa: PLR2004 - half of them
        # A client sends no header that ends in a blank.
        if wrong and wrong == wrong.strip() and wrong not in good:
            shown.append((False, wrong))
    chance.shuffle(shown)
    heard: Counter[tuple[bool, int]] = Counter()
    left = iter(shown)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def some() -> None:
            for is_good, one in left:
                answer = await client.get("/v1/me", headers={"Authorization": f"Bearer {one}"})
                heard[is_good, answer.status_code] += 1

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return {
        "good": {str(status): n for (is_good, status), n in heard.items() if is_good},
        "mutated": {str(status): n for (is_good, status), n in heard.items() if not is_good},
    }


def _judged(figures: dict[str, Any], count: int, over_http: int, good: int) -> dict[str, Any]:
    http = figures["http"]
    figures["load"] = [round(each, 2) for each in os.getloadavg()]
    figures["ok"] = (
        not figures["accepted"]
        and figures["tried"] == count
        and figures["valid"] == figures["valid_taken"]
        and figures["signatures_valid"]
        and http["good"] == {"200": good}
        and http["mutated"] == {str(NOT_KNOWN): over_http}
    )
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.tokens", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="mutations at the verifiers")
    parser.add_argument("--http", type=int, default=2_000, help="mutations over HTTP")
    parser.add_argument("--good", type=int, default=1_000, help="good keys and tokens over HTTP")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.count, asked.http, asked.good, asked.seed)
        return dict(figures) | {"seed": asked.seed}

    return staged("tokens", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
