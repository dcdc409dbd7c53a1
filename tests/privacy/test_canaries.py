"""Made-up people reported well and badly: they can be read where they are sealed, and nowhere else."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.adapters.kafka import Peek
from hub.dev.prove.canaries import places
from hub.dev.prove.canaries.people import ALL, EMAILS, PHONES, contact, found, lower, needles, whole
from hub.dev.prove.canaries.places import Heard, leaks
from hub.privacy.erasing import Eraser
from hub.privacy.keeper import Keeper
from hub.telemetry.metrics import Metrics
from schemas.policies.retention import RetentionPolicy
from schemas.topics import dead_letters
from tests.privacy.test_claim_words import answered, filed
from tests.privacy.test_erasing import decided, forget
from tests.trail.conftest import PARTITIONS, Hub, Told, registration, returned, sale

OLD = "update item set kept_at = now() - interval '900 days'"


@pytest.mark.parametrize("value", ALL)
def test_a_search_finds_somebody_however_it_is_written(value: str) -> None:
    (needle,) = [one for one in needles() if one.value == value]
    text = value.encode()
    ways = [
        text,
        b'"' + value.upper().encode() + b'"' if value.isascii() else text,
        quote(value).encode(),
        text.hex().encode(),
        value.encode("utf-16-le"),
        b64encode(text),
        b64encode(b"x" + text),
        b64encode(b"xy" + text + b"z"),
    ]

    assert [found(needle, way, lower(way)) for way in ways] == [True] * len(ways)
    assert leaks([Heard("nowhere", b"Ada Lovelace, +44 20 7946 0000")]) == []


WRITTEN = 8
"""What is kept of words in claims."""


def claims() -> list[Told]:
    """Everybody in the words of claims on what nobody registers, told well and badly."""
    said = "\n".join(ALL)
    return [
        *(filed(f"R-{n}", words=said) for n in range(1, 1 + WRITTEN // 2)),
        *(answered(f"R-{n}", said) for n in range(1, 1 + WRITTEN // 2)),
        filed("R-10", words=said, zone=7),
        filed("R-77", words=said),
    ]


def reports() -> list[Told]:
    """Everybody, in reports of every fate."""
    good = [sale(f"R-{n}", serial=f"SN-{n}", customer=contact(n)) for n in range(5)]
    return [
        *good,
        *claims(),
        registration("SN-0", customer=contact(0)),
        sale("R-10", customer=contact(1), **whole()),
        sale("R-11", customer=contact(2), zone=7, **whole()),
        sale("R-12", customer=[contact(3)], zone=EMAILS[0]),
        returned("R-99"),
    ]


@pytest.mark.servers
async def test_nobody_can_be_read_and_once_forgotten_not_even_with_the_keys(
    hub: Hub, eraser: Eraser, tmp_path: Path
) -> None:
    told = reports()
    await hub.say(*told)
    await decided(hub, *told)
    before = leaks([one async for one in places.opened(hub.database, eraser.today.keyring)])
    readable = leaks([one async for one in places.tables(hub.database)])
    intake, status = hub.processor.reads, hub.processor.writes
    topics = {status.name: PARTITIONS, dead_letters(intake).name: PARTITIONS}
    async with Peek(hub.settings) as peek:
        readable += leaks([one async for one in places.topics(peek, topics)])
        meant = leaks([one async for one in places.topics(peek, {intake.name: PARTITIONS})])

    for by, values in (("email", EMAILS), ("phone", PHONES)):
        for value in values:
            await forget(hub, eraser, by, value)
    await hub.database.execute(OLD)
    await Keeper(hub.database, eraser, RetentionPolicy(), Metrics(), tmp_path).round()
    after = leaks([one async for one in places.opened(hub.database, eraser.today.keyring)])

    assert readable == []
    assert len(before) > 10
    assert len(meant) >= len(ALL)
    assert after == []
    assert leaks([one async for one in places.tables(hub.database)]) == []
