"""The simulated receivers: one takes everything, one is often in trouble."""

import random

import httpx

from hub.dev.simulator.receivers import FAST, FLAKY, MOST_TROUBLES, receiving


async def test_the_fast_one_takes_all_and_the_flaky_one_what_it_can() -> None:
    async with (
        receiving(0, random.Random(7)) as (receivers, where),  # noqa: S311 - a test
        httpx.AsyncClient(trust_env=False) as client,
    ):
        for number, name in enumerate((FAST, FLAKY) * 100):
            headers = {"webhook-id": f"msg_{number}"}
            await client.post(f"{where}/{name}", content=b"{}", headers=headers)
        other = await client.post(f"{where}/nobody", content=b"{}")

    assert other.status_code == 404
    assert (receivers.taken[FAST], receivers.troubled[FAST]) == (100, 0)
    assert receivers.taken[FLAKY] + receivers.troubled[FLAKY] == 100
    assert 5 < receivers.troubled[FLAKY] < 40


class Unlucky(random.Random):
    """Whatever can go wrong does."""

    def random(self) -> float:
        return 0.0


async def test_the_flaky_one_takes_in_the_end_what_comes_again_and_again() -> None:
    async with (
        receiving(0, Unlucky()) as (receivers, where),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        headers = {"webhook-id": "msg_1"}
        tries = [
            await client.post(f"{where}/{FLAKY}", content=b"{}", headers=headers)
            for _ in range(MOST_TROUBLES + 1)
        ]
    assert [one.status_code for one in tries] == [503] * MOST_TROUBLES + [200]
    assert receivers.taken[FLAKY] == 1
