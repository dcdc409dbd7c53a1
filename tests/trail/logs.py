"""Logs written by hand, and what the trail has to show of them: an oracle that decodes the blobs itself."""

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Database
from hub.audit.landings import Became, Landing
from hub.audit.landings import encode_lines as landing_lines
from hub.ledger.entries import Entry, SaidEntry
from hub.ledger.entries import encode_lines as ledger_lines

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
INTAKE, RAW = "warranty.intake.v1", "raw.pos.v1"
OUTCOMES = ("applied", "rejected", "early", "forwarded", "held", "retrying", "dead_lettered")

LEDGER = """
insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)
values ($1, $2, $3, 1, 0, 0, 1, 0, $4)
"""
LANDING = """
insert into landing (topic, part, epoch, from_offset, to_offset, body) values ($1, $2, 1, 0, 0, $3)
"""
Key = tuple[str, int, int]


def entry(
    event: str, outcome: str = "applied", type_: str = "sale.recorded.v1", **more: Any
) -> Entry:
    """A line of the ledger."""
    given: dict[str, Any] = {
        "tenant": "acme",
        "connector": "till",
        "home": "h" * 16,
        "time": NOON,
        "offset": 0,
    }
    return Entry(event=event, type=type_, outcome=outcome, **(given | more))


def landing(raw: str, **more: Any) -> Landing:
    """A line of the landing log."""
    given: dict[str, Any] = {
        "offset": 0,
        "tenant": "acme",
        "source": "pos",
        "connector": "pos",
        "correlation": raw,
        "received_at": NOON,
        "hash": hashlib.sha256(raw.encode()).hexdigest(),
        "size": len(raw),
        "outcome": "translated",
        "revision": 1,
        "payload": msgspec.Raw(b'{"till":"4"}'),
        "events": (Became(f"evt-{raw}", "sale.recorded.v1", "h" * 16),),
    }
    return Landing(raw=raw, **(given | more))


def said(seq: int, event: str) -> SaidEntry:
    """A status event."""
    return SaidEntry(seq, f"said-{event}", "warranty.activated.v1", "wty_x_1", msgspec.Raw(b"{}"))


@dataclass(slots=True)
class Scribe:
    """Writes batches to both logs, as engine and translators do."""

    database: Database
    chance: random.Random = field(default_factory=lambda: random.Random(4))  # noqa: S311 - a test
    count: int = 0

    async def decide(
        self, entries: Sequence[Entry], topic: str = INTAKE, part: int = 0, kind: str = "batch"
    ) -> None:
        """Write a batch of the ledger."""
        await self.database.execute(LEDGER, topic, part, kind, ledger_lines(entries))

    async def land(self, landings: Sequence[Landing], topic: str = RAW, part: int = 0) -> None:
        """Write a batch of the landing log."""
        await self.database.execute(LANDING, topic, part, landing_lines(landings))

    async def anything(self, batches: int) -> None:
        """Write so many batches of either log, in any partition, now and then of a new file."""
        for _ in range(batches):
            names = [f"e-{self.count + n}" for n in range(self.chance.randint(1, 40))]
            self.count += len(names)
            if self.chance.random() < 0.6:
                lines = [
                    entry(name, self.chance.choice(OUTCOMES), said=(said(1, name),))
                    for name in names
                ]
                kind = self.chance.choice(("batch",) * 9 + ("jump", "skip"))
                await self.decide(lines, part=self.chance.randrange(6), kind=kind)
            else:
                topic = self.chance.choice((RAW, RAW, f"file:acme/pos/{self.count:012x}"))
                lines_in = [landing(name) for name in names]
                await self.land(lines_in, topic, self.chance.randrange(3) if topic == RAW else 0)


async def expected(database: Database) -> dict[Key, tuple[Any, ...]]:
    """What the trail has to show, by log, batch and line."""
    rows: dict[Key, tuple[Any, ...]] = {}
    for row in await database.fetch("select * from ledger where kind = 'batch'"):
        for line, one in enumerate(_lines(row["body"])):
            rows["ledger", row["n"], line] = _decided(row, one)
    for row in await database.fetch("select * from landing"):
        for line, one in enumerate(_lines(row["body"])):
            rows["landing", row["n"], line] = _landed(row, one)
    return rows


def _lines(body: bytes) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for line in body.splitlines())


def _decided(row: Any, one: dict[str, Any]) -> tuple[Any, ...]:
    aside = {"retrying": "set_aside", "held": "set_aside", "dead_lettered": "set_aside"}
    stage = "placed" if one["outcome"] == "forwarded" else aside.get(one["outcome"], "decided")
    return (
        one["tenant"] or "hub",
        row["at"],
        stage,
        one["outcome"],
        one.get("correlationid") or one["event"],
        one["connector"],
        one["event"],
        one.get("reason", ""),
        {
            "topic": row["topic"],
            "part": row["part"],
            "offset": one["offset"],
            "epoch": row["epoch"],
            "said": one.get("said", []),
        },
    )


def _landed(row: Any, one: dict[str, Any]) -> tuple[Any, ...]:
    return (
        one["tenant"],
        datetime.fromisoformat(one["received_at"]),
        "landed",
        one["outcome"],
        one["correlation"],
        one["source"],
        None,
        one.get("reason", ""),
        {
            "topic": row["topic"],
            "part": row["part"],
            "offset": one["offset"],
            "raw": one["raw"],
            "hash": one["hash"],
            "payload": one["payload"],
            "events": one.get("events", []),
        },
    )


async def shown(database: Database) -> dict[Key, tuple[Any, ...]]:
    """What the trail shows, in the same form."""
    rows = {}
    for row in await database.fetch("select * from trail where log <> 'door'"):
        doc = json.loads(row["doc"])
        wanted: tuple[str, ...] = ("topic", "part", "offset")
        wanted += ("raw", "hash", "payload", "events") if row["log"] == "landing" else ("epoch",)
        kept = {name: doc[name] for name in wanted}
        if row["log"] == "ledger":
            kept["said"] = doc.get("said", [])
        rows[row["log"], row["n"], row["line"]] = (
            row["tenant"],
            row["at"],
            row["stage"],
            row["status"],
            row["correlation"],
            row["source"],
            row["event_id"],
            row["reason"],
            kept,
        )
    return rows
