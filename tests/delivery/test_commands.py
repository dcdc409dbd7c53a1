"""Endpoints and deliveries as they are typed, and `hub deliver` as it is run and killed."""

import asyncio
import re
import signal
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from typer.testing import CliRunner

from hub.delivery.replay import Marker
from hub.main import app
from tests.api.installed import Installed
from tests.delivery.conftest import World, eventually, told
from tests.delivery.receiver import Got, Receiver, answer, listening

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


TOLD = {"HUB_DELIVERY_NETWORKS": "127.0.0.0/8", "HUB_MASTER_KEY": "k" * 32}


@pytest.fixture
def hub(dsn: str, tmp_path: Path) -> Installed:
    """The hub as it is run; nothing here needs Kafka."""
    return Installed("127.0.0.1:1", dsn, tmp_path)


async def typed(hub: Installed, *words: str) -> tuple[int, str]:
    """The exit code of a command, and all that it said."""
    env = {"HUB_POSTGRES": hub.dsn, "HUB_BY": "ops"} | TOLD
    done = await asyncio.to_thread(CliRunner().invoke, app, words, env=env)
    return done.exit_code, done.output


async def test_an_endpoint_is_set_up_tried_and_replayed(hub: Installed, world: World) -> None:
    refusing = True

    async def answering(_got: Got, _number: int) -> bytes:
        return answer(400 if refusing else 200)

    async with listening(answering) as receiver, world.delivering(kinds={}):
        code, said = await typed(hub, "endpoints", "add", "acme", receiver.url, "--in-order")
        secret, name = re.search(r"whsec_\S+", said), said.split()[0]
        assert (code, secret is not None) == (0, True), said
        assert (await typed(hub, "endpoints", "add", "acme", "file:///etc/passwd"))[0] == 2
        assert (await typed(hub, "endpoints", "add", "acme", "https://x.org", "--type", "x"))[
            0
        ] == 2
        assert name in (await typed(hub, "endpoints", "list", "acme"))[1]

        await typed(hub, "endpoints", "test", "acme", name)
        await world.until({"dead": 1})
        refusing = False
        counted = await typed(hub, "deliveries", "replay", "acme", "--reason", "mended")
        assert "1 in all; add --go" in counted[1]
        await typed(hub, "deliveries", "replay", "acme", "--reason", "mended", "--go")
        assert await Marker(world.database).step() == 1
        await world.until({"delivered": 1})
        number = str(await world.database.fetchval("select seq from delivery"))
        shown = (await typed(hub, "deliveries", "show", "acme", number))[1]
        assert number in (await typed(hub, "deliveries", "list", "acme"))[1]
        await typed(hub, "endpoints", "delete", "acme", name, "--reason", "moved")

    assert secret is not None
    assert receiver.ids[0] == receiver.ids[1]
    Webhook(secret[0]).verify(receiver.got[1].body, receiver.got[1].headers)
    assert re.findall(r"^(\d)\. .*: (failed 400|delivered 200)", shown, re.MULTILINE) == [
        ("1", "failed 400"),
        ("2", "delivered 200"),
    ]
    assert await world.audited() == ["endpoint:added", "delivery:replayed", "endpoint:deleted"]


async def test_mails_to_customers_are_set_up_in_a_line(hub: Installed, world: World) -> None:
    add = ("endpoints", "add", "acme", "service@shop.example", "--kind", "mail", "--locale", "tr")
    code, said = await typed(hub, *add, "--supplier", "bolt")
    name = said.split()[0]

    assert (code, "whsec_" in said) == (0, False), said
    assert "mail" in (await typed(hub, "endpoints", "list", "acme"))[1]
    refused = [
        ("endpoints", "add", "acme", "https://x.org", "--kind", "mail"),
        (*add, "--type", "recovery.requested.v1"),
        ("endpoints", "rotate", "acme", name),
    ]
    assert [(await typed(hub, *one))[0] for one in refused] == [2, 2, 2]
    row = await world.database.fetchrow("select kind, locale, suppliers, ordering from endpoint")
    assert tuple(row) == ("mail", "tr", ["bolt"], "per_subject")


async def test_a_process_that_is_killed_again_and_again_loses_nothing(
    hub: Installed, world: World
) -> None:
    async def taking_a_moment(_got: Got, _number: int) -> bytes:
        await asyncio.sleep(0.02)
        return answer()

    total, kills = 200, 2
    async with listening(taking_a_moment) as receiver:
        await world.endpoint(receiver.url, ordering="per_subject", rate=200.0, at_once=8)
        await world.tell(*(told(n, f"wty_{n % 40}") for n in range(total)))
        # What is lost counts as lost after a second and five; here the clock is turned instead.
        for _ in range(kills):
            process = hub.start("deliver", **TOLD)
            before = len(receiver.got)
            await eventually(lambda before=before: _more(receiver, before + total // (kills + 2)))  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 20)
            hub.processes.remove(process)
            await world.database.execute(
                "update delivery set due_at = clock_timestamp() where state = 'sending'"
            )
        hub.start("deliver", **TOLD)
        await world.until({"delivered": total}, 60)
        await hub.stop()

    again = len(receiver.got) - total
    lost = await world.database.fetchval(
        "select count(*) from delivery_attempt where state = 'unknown'"
    )
    assert set(receiver.ids) == {f"evt_{n}" for n in range(total)}
    assert 0 <= again <= lost <= kills * 8
    assert (again, lost) <= (kills * 8, kills * 8)
    for subject in range(40):
        first = list(dict.fromkeys(int(one[4:]) for one in receiver.ids))
        of_one = [number for number in first if number % 40 == subject]
        assert of_one == sorted(of_one)


async def _more(receiver: Receiver, than: int) -> bool:
    return len(receiver.got) >= than


async def test_a_careful_receiver_passes_its_trial_and_a_careless_one_is_told_why(
    hub: Installed,
) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of this test

    async def careful(got: Got, _number: int) -> bytes:
        try:
            Webhook(secret).verify(got.body, got.headers)
        except WebhookVerificationError:
            return answer(401)
        return answer()

    async with listening(careful) as one, listening() as other:
        code, passed = await typed(hub, "verify-endpoint", one.url, "--secret", secret)
        wrong, failed = await typed(hub, "verify-endpoint", other.url, "--secret", secret)

    assert (code, passed.count("ok  ")) == (0, 8), passed
    assert (wrong, failed.count("FAIL")) == (1, 4), failed
    assert "FAIL a message signed by somebody else: refuse it with 4xx; it answered 200" in failed
