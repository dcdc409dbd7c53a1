"""The simulated receivers: one takes everything, one is often in trouble."""

import random

import httpx

from hub.dev.simulator.receivers import FAST, FLAKY, receiving


async def test_the_fast_one_takes_all_and_the_flaky_one_what_it_can() -> None:
    async with (
        receiving(0, random.Random(7)) as (receivers, where),  # noqa: S311 - a test
        httpx.AsyncClient(trust_env=False) as client,
    ):
        for name in (FAST, FLAKY) * 100:
            await client.post(f"{where}/{name}", content=b"{}")
        other = await client.post(f"{where}/nobody", content=b"{}")

    assert other.status_code == 404
    assert (receivers.taken[FAST], receivers.troubled[FAST]) == (100, 0)
    assert receivers.taken[FLAKY] + receivers.troubled[FLAKY] == 100
    assert 5 < receivers.troubled[FLAKY] < 40
