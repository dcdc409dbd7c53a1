"""One hub, told of made-up people, searched, told to forget them, and searched again."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hub import bootstrap
from hub.access.keyring import HUB, Keyring
from hub.access.tenant_keys import followed
from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database, connect
from hub.audit.entries import By
from hub.bootstrap.retain import as_received
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import INTAKE, STATUS, TENANT, ZONE, Installation
from hub.dev.crash.run import say
from hub.dev.prove.canaries import claims, places
from hub.dev.prove.canaries.doors import COLUMNS, Doors
from hub.dev.prove.canaries.people import ALL, EMAILS, PHONES
from hub.dev.prove.canaries.places import Heard, leaks
from hub.dev.prove.canaries.staff import Staff
from hub.domain.policies.retention import KINDS as KINDS_KEPT
from hub.privacy.erasing import Eraser
from hub.privacy.keeper import Keeper
from hub.privacy.people import Kind, Known
from hub.privacy.requests import ask_erasure
from hub.privacy.retention import told
from hub.settings import DEVELOPMENT_KEY
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT, REPLIES

KINDS = ("process", "catalog", "project", "insight", "translate", "ingress", "serve", "files")
QUIET_SECONDS = 45.0
WHY = "she asked us to"
# As if it all had happened long ago, so that it is too old by any rule.
AGED = (
    "update item set kept_at = now() - interval '900 days', received_at = received_at - interval '900 days'",
    "update contact set seen_at = now() - interval '900 days'",
    "update unit set ends_on = '2020-01-01' where ends_on is not null",
    "update staff_action set at = now() - interval '900 days'",
    "update trail set at = now() - interval '900 days'",
    "update request set decided_at = now() - interval '900 days' where decided_at is not null",
    "update file_progress set changed_at = now() - interval '900 days' where state <> 'working'",
)
LEFT = """
select (select count(*) from letter) + (select count(*) from item where wanted is not null)
     + (select count(*) from file_progress where state = 'working') + (select count(*) from hub_trail_behind())
"""
TAKEN = "select coalesce(sum(next_offset), 0)::bigint from {} where topic = $1"


@dataclass(slots=True)
class Proof:
    """What is told, and what can be read of it."""

    installation: Installation
    fleet: Fleet
    database: Database
    doors: Doors
    peek: Peek
    keyring: Keyring
    counted: dict[str, int] = field(default_factory=dict)

    async def tell(self) -> None:
        """Everybody at every door, then what staff do with what could not be decided."""
        for what, work in (
            ("doors", self.doors.all),
            ("rest", self.rest),
            ("claims", self._claims),
            ("staff", Staff(self.doors.ear, self.doors.api, self.database, self.keyring).all),
            ("commands", self._commands),
            ("rest", self.rest),
        ):
            began = time.monotonic()
            await work()
            say(f"  {what}: {time.monotonic() - began:.1f} s")

    async def _claims(self) -> None:
        key = {"authorization": f"Bearer {self.doors.access.key}"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            await claims.tell(http, self.doors.ear, self.doors.api, key)

    async def _commands(self) -> None:
        await asyncio.gather(*map(self.doors.hub, ("items", "notes", "replays")))
        await self.doors.hub("audit", "--tenant", TENANT)

    async def rest(self) -> None:
        """Wait until nothing moves any more."""
        deadline, quiet = time.monotonic() + QUIET_SECONDS, 0
        while quiet < 3 and time.monotonic() < deadline:  # noqa: PLR2004 - a file may be between folders
            quiet = quiet + 1 if await self._is_still() else 0
            await asyncio.sleep(0.3)

    async def _is_still(self) -> bool:
        for topic, table in ((INTAKE, "partition_owner"), ("raw.pos.v1", "landing_owner")):
            parts = range(self.installation.partitions)
            ends = [(await self.peek.bounds(topic, n))[1] for n in parts]
            if await self.database.fetchval(TAKEN.format(table), topic) < sum(ends):
                return False
        dropped = [*self.installation.drop.glob("*/*/*.csv")]
        return not dropped and not await self.database.fetchval(LEFT)

    async def search(self) -> list[str]:
        """Who can be read where nobody should be."""
        heard = [one async for one in self._everywhere()]
        for one in heard:
            kind = one.place.split()[0].split("[")[0].split(".")[0]
            self.counted[kind] = self.counted.get(kind, 0) + len(one.text)
        return leaks(heard)

    async def _everywhere(self) -> AsyncIterator[Heard]:
        async for one in places.tables(self.database):
            yield one
        each = self.installation.partitions
        topics = {STATUS: each, f"{INTAKE}.dlq": each, REPLIES.name: 1, AUDIT.name: 1}
        async for one in places.topics(self.peek, topics):
            yield one
        ports = {member.name: member.port for member in self.fleet.members}
        async for one in places.metrics(ports):
            yield one
        for one in places.files(self.installation.root, "*.log"):
            yield one
        names = "\n".join(path.name for path in self.installation.drop.rglob("*"))
        yield Heard("names of files", names.encode())
        # What was answered is looked at once; from then on, what is answered since.
        answers, self.doors.ear.answers = self.doors.ear.answers, []
        for one in answers:
            yield one

    async def forget(self) -> None:
        """Erase everybody by whatever they are known by, and let everything become too old."""
        known = [("--email", one) for one in EMAILS] + [("--phone", one) for one in PHONES]
        await self._erased(*known.pop())
        keys, system = self.keyring, By(kind="system", id=HUB)
        for by, value in known:
            kind: Kind = "email" if by == "--email" else "phone"
            await ask_erasure(self.database, keys, TENANT, Known(kind, value), system, why=WHY)
        eraser = Eraser(self.database, bootstrap.today(keys), as_received())
        days = ",".join(f"{kind}=31" for kind in KINDS_KEPT)
        keeper = Keeper(self.database, eraser, told(days), Metrics(), self.installation.drop)
        await keeper.wishes()
        await self.rest()
        for sql in AGED:
            await self.database.execute(sql)
        for path in self.installation.drop.rglob("*"):
            if path.is_file():
                _age(path)
        await keeper.round()
        await self.rest()

    async def _erased(self, by: str, value: str) -> None:
        words = ("privacy", "erase", TENANT, by, "--reason", WHY)
        said = await self.installation.run_anyhow(*words, told=f"{value}\n".encode())
        self.doors.ear.answers.append(Heard("hub privacy erase", said))

    async def search_sealed(self) -> list[str]:
        """Who can be read in sealed bodies by whoever has the keys, or in files of merchants."""
        heard = [one async for one in places.opened(self.database, self.keyring)]
        heard += places.files(self.installation.drop, "**/*.*")
        return leaks(heard)


def _age(path: Path) -> None:
    os.utime(path, (1, 1))


async def prove(installation: Installation) -> dict[str, Any]:
    """Tell, search, forget, search; the figures."""
    await installation.prepare()
    access = await installation.give_access()
    told_so = ("--option", f"zone={ZONE}", "--option", "namespace=canary", "--map", COLUMNS)
    await installation.run("source", "set", TENANT, "files", "--connector", "pos", *told_so)
    database, fleet = await connect(installation.dsn, size=4), Fleet(installation)
    keyring = Keyring(DEVELOPMENT_KEY.encode())
    await followed(keyring, database)
    try:
        for kind in KINDS:
            fleet.add(kind, 1)
        await fleet.ready(120)
        api, push = (f"http://127.0.0.1:{fleet.of(kind)[0].door}" for kind in ("serve", "ingress"))
        async with Peek(KafkaSettings(installation.kafka.bootstrap)) as peek:
            doors = Doors(installation, access, api, push)
            proof = Proof(installation, fleet, database, doors, peek, keyring)
            say("telling everybody at every door")
            await proof.tell()
            outcomes = await _outcomes(database)
            answers = sorted({one.place for one in doors.ear.answers})
            readable = await proof.search()
            say("\n".join(("  can be read:", *readable)))
            sealed_before = await proof.search_sealed()
            say("forgetting everybody")
            await proof.forget()
            after = await proof.search()
            sealed = await proof.search_sealed()
    finally:
        fleet.end_all()
        await database.close()
    return {
        "canaries": len(ALL),
        "outcomes": outcomes,
        "answers": answers,
        "bytes_searched": proof.counted,
        "readable": readable,
        "readable_after": after,
        "sealed_before": len(sealed_before),
        "sealed_after": sealed,
        # The search is worth nothing unless it finds people where they are meant to be.
        "ok": not readable and not after and not sealed and len(sealed_before) > len(ALL),
    }


async def _outcomes(database: Database) -> dict[str, int]:
    sql = "select status, count(*)::int as n from trail group by 1 order by 1"
    return {row["status"]: row["n"] for row in await database.fetch(sql)}
