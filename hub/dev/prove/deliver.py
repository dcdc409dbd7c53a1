"""`python -m hub.dev.prove.deliver`: what delivering costs, and that it keeps order, rates and neighbours.

Each scene runs on an embedded Postgres with receivers on loopback and ends as one line of JSON; the exit code
says whether all of them held. `--only NAME` plays one, `--size` makes all of them smaller or larger.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from hub.adapters.postgres import BY_INDEX, connect, migrate
from hub.delivery.secrets import Secret
from hub.delivery.signing import signed
from hub.dev import embedded
from hub.dev.prove.delivering import BODY, LINES, TENANT, Place, apart, here
from hub.dev.prove.killed import killed
from hub.dev.prove.receiver import Elders, Receiver

LEAST_RATIO, MOST_SLOWER, MOST_ABOVE = 0.7, 1.10, 1.05
OFF_AT = 0.3
"""Of what we deliver, so much comes while a receiver is off."""
ROW = "insert into bare_attempt values ($1, $2, 200, clock_timestamp())"
LATENCY = """
select percentile_cont(0.99) within group (order by extract(epoch from ended_at - made_at))::float8
  from delivery where state = 'delivered' and endpoint <> $1
"""
WORST_WINDOW = """
select max(n) from (
  select count(*) over (partition by d.endpoint order by a.began_at
                        range between current row and interval '10 seconds' following) as n
    from delivery_attempt a join delivery d on d.seq = a.delivery where d.replay is not null and a.n > 1) w
"""


async def speed(place: Place) -> dict[str, Any]:
    """Beside a bare httpx loop that signs both ways, sends the same bodies and writes a row an attempt."""
    count, rounds, found = place.some(5_000), 3, defaultdict(list)
    with apart() as url:
        await place.database.execute(
            "create table bare_attempt (id text, n int, status int, at timestamptz)"
        )
        # Ours also counts as on its way from its claim until its end is written.
        await place.endpoint(url, at_once=4 * LINES)
        for number in range(rounds):
            for name, work in (("bare", _bare), ("hub", _ours)):
                wall, cpu = time.perf_counter(), time.process_time()
                await work(place, url, number * count, count)
                found[f"{name}_per_s"].append(count / (time.perf_counter() - wall))
                found[f"{name}_cpu_us"].append((time.process_time() - cpu) / count * 1e6)
    middle = {name: sorted(values)[len(values) // 2] for name, values in found.items()}
    ratio = middle["hub_per_s"] / middle["bare_per_s"]
    cpu_ratio = middle["bare_cpu_us"] / middle["hub_cpu_us"]
    rounded = {name: round(value, 1) for name, value in middle.items()}
    return rounded | {
        "ratio": round(ratio, 2),
        "cpu_ratio": round(cpu_ratio, 2),
        "holds": min(ratio, cpu_ratio) >= LEAST_RATIO,
    }


async def _bare(place: Place, url: str, first: int, count: int) -> None:
    numbers, secret, body = iter(range(first, first + count)), Secret.new(), BODY.encode()

    async def line() -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as client:
            for number in numbers:
                event = f"evt_{number}"
                headers = signed(event, int(time.time()), body, (secret,))
                headers["content-type"] = "application/json"
                await (await client.post(url, content=body, headers=headers)).aread()
                await place.database.execute(ROW, event, 1)

    await asyncio.gather(*(line() for _ in range(LINES)))


async def _ours(place: Place, _url: str, first: int, count: int) -> None:
    await place.tell(first, first + count - 1)
    async with place.delivering():
        await place.drained()


async def order(place: Place) -> dict[str, Any]:
    """Events in order per subject to one who fails one time in five: none arrives before its elder.

    A day of the schedule is nine seconds: of so many, some fail seven times in a row.
    """
    count = place.some(100_000)
    elders = Elders(subjects=max(1, count // 20))
    receiver = Receiver(took=elders.took)
    async with here(receiver) as url:
        await place.endpoint(f"{url}/flaky", ordering="per_subject", at_once=64)
        await place.tell(0, count - 1, elders.subjects)
        async with place.delivering(scale=0.0001):
            await place.drained()
    states = await place.states()
    holds = elders.inversions == 0 and states == {"delivered": count}
    return {
        "events": count,
        "failures": receiver.failures,
        "inversions": elders.inversions,
        "states": states,
        "holds": holds,
    }


async def neighbours(place: Place) -> dict[str, Any]:
    """One of fifty never answers: the 99th percentile of the others stays where it was."""
    each = place.some(100)
    found: list[float] = []
    with apart() as url:
        ids = [await place.endpoint(f"{url}/{n}") for n in range(50)]
        for path in ("0", "hole"):
            address = f"{url}/{path}"
            change = "update endpoint set address = $2, version = version + 1 where id = $1"
            await place.database.execute(change, ids[0], address)
            async with place.delivering():
                for n in range(each):
                    number = len(found) * each + n
                    await place.tell(number, number)
                    await asyncio.sleep(0.5)
                await asyncio.sleep(2)
            found.append(await place.database.fetchval(LATENCY, ids[0]))
            await place.database.execute("delete from delivery where state = 'delivered'")
    ratio = found[1] / found[0]
    p99 = [round(one * 1_000) for one in found]
    return {"p99_ms": p99, "ratio": round(ratio, 2), "holds": ratio < MOST_SLOWER}


async def outage(place: Place) -> dict[str, Any]:
    """A receiver is off while events come at a share of what we deliver: nothing dies, all arrives, in order."""
    first, seconds = place.some(5_000), place.some(120)
    elders = Elders(subjects=1_000)
    receiver = Receiver(took=elders.took)
    async with here(receiver) as url:
        await place.endpoint(url, ordering="per_subject", at_once=4 * LINES)
        async with place.delivering():
            began = time.monotonic()
            await place.tell(0, first - 1, elders.subjects)
            await place.drained()
            delivers = first / (time.monotonic() - began)
            rate, told, receiver.is_away = int(delivers * OFF_AT), first, True
            for _ in range(seconds):
                await place.tell(told, told + rate - 1, elders.subjects)
                told += rate
                await asyncio.sleep(1)
            waited, receiver.is_away, back = await place.left(), False, time.monotonic()
            await place.drained()
            drained = time.monotonic() - back
    states = await place.states()
    holds = elders.inversions == 0 and states == {"delivered": told}
    return {
        "events": told,
        "delivers_per_s": round(delivers),
        "off_s": seconds,
        "told_per_s": rate,
        "waited": waited,
        "refused": receiver.failures,
        "drained_s": round(drained, 1),
        "inversions": elders.inversions,
        "states": states,
        "holds": holds,
    }


async def again(place: Place) -> dict[str, Any]:
    """What is dead is replayed: all of it, and no endpoint faster than its rate, which is what holds it back."""
    count, rate = place.some(100_000), 800.0
    # The replay's own statements, as the API makes them.
    from hub.access.permissions import Role  # noqa: PLC0415 - of this scene alone
    from hub.access.principals import Principal  # noqa: PLC0415 - of this scene alone
    from hub.delivery import replay  # noqa: PLC0415 - of this scene alone

    with apart() as url:
        ids = [await place.endpoint(f"{url}/{n}", rate=rate / 4, at_once=32) for n in range(4)]
        for n, endpoint in enumerate(ids):
            await place.tell(n * count // 4, (n + 1) * count // 4 - 1, 1_000, endpoint)
        await place.database.execute(
            "update delivery set state = 'dead', attempts = 1, tries = 10, ended_at = now()"
        )
        caller = Principal(tenant=TENANT, name="prove", id="prove", role=Role.SYSTEM_ADMIN)
        asked = replay.Asked(chosen=replay.Chosen(), why="it is proven")
        async with place.database.transaction() as tx:
            begun = await replay.begin(tx, caller, TENANT, asked)
        async with place.delivering():
            async with asyncio.timeout(1_500):
                while (await place.states()).get("dead", 0):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.5)
            await place.drained()
    worst = int(await place.database.fetchval(WORST_WINDOW))
    states, most = await place.states(), rate / 4 * 10
    holds = states == {"delivered": begun.found} and worst <= most * MOST_ABOVE
    return {"replayed": begun.found, "worst_10_s": worst, "allowed": most, "holds": holds}


SCENES: dict[str, Callable[[Place], Awaitable[dict[str, Any]]]] = {
    one.__name__: one for one in (speed, order, neighbours, outage, again, killed)
}


async def _play(dsn: str, name: str, size: float) -> dict[str, Any]:
    admin = await connect(dsn, size=1)
    await admin.execute(f"create database scene_{name}")
    await admin.close()
    own = dsn.rsplit("/", 1)[0] + f"/scene_{name}"
    await migrate(own)
    database = await connect(own, size=LINES + 4, settings=BY_INDEX)
    try:
        return await SCENES[name](Place(database, size, own))
    finally:
        await database.close()


def main() -> int:
    """Play what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENES)
    parser.add_argument("--size", type=float, default=1.0, help="of a full run")
    asked = parser.parse_args()
    held = True
    with tempfile.TemporaryDirectory(prefix="warranty-hub-") as folder:
        Path(folder).chmod(0o755)
        with embedded.postgres(Path(folder) / "postgres") as dsn:
            for name in [asked.only] if asked.only else SCENES:
                found = asyncio.run(_play(dsn, name, asked.size))
                held &= bool(found["holds"])
                sys.stdout.write(json.dumps({"scene": name} | found) + "\n")
                sys.stdout.flush()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
