"""Claims in bulk for a proof: rows as deciding writes them, spread over whatever lists are narrowed by."""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from hub import registry
from hub.adapters.postgres import Database
from hub.sdk.processor import RowType

BATCH = 5_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = {"staged": 45, "submitted": 30, "under_review": 17, "awaiting_info": 8}
OVER = {"resolved": 70, "denied": 20, "cancelled": 10}
WAYS = {
    "staged": ("staged",),
    "submitted": ("staged", "submitted"),
    "under_review": ("submitted", "under_review"),
    "awaiting_info": ("submitted", "under_review", "awaiting_info"),
    "denied": ("submitted", "under_review", "denied"),
    "resolved": ("submitted", "under_review", "denied", "resolved"),
    "cancelled": ("staged", "cancelled"),
}
SOURCES = ("shop", "portal", "workshop")
LACKS = (("pos_invoice",), ("photos",), ("photos", "description"), ("stock_movement",))
ISSUES, PRODUCTS, BRANCHES, CUSTOMERS = 40, 500, 25, 5_000


async def fill(database: Database, tenant: str, count: int, chance: random.Random) -> None:
    """Keep so many open claims of a tenant, and a tenth as many that are over."""
    kind = next(one for one in registry.processor("warranty").parts if one.table == "claim")
    numbers = range(count + count // 10)
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        documents = (document(tenant, n, chance, is_open=n < count) for n in some)
        await database.executemany(_insert(kind), list(_values(kind, tenant, documents)))


def _insert(kind: RowType) -> str:
    names = ["id", "home", "tenant", "version", "doc", *(one.name for one in kind.columns)]
    types = ["text", "text", "text", "bigint", "json", *(one.type for one in kind.columns)]
    # As text, which is how the ledger passes a list, too.
    places = (f"${n}::text::{t}" if "[]" in t else f"${n}" for n, t in enumerate(types, 1))
    return f"insert into {kind.table} ({', '.join(names)}) values ({', '.join(places)})"  # noqa: S608 - declared rows


def _values(
    kind: RowType, tenant: str, documents: Iterator[dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    for told in documents:
        # Whatever is no claim of today's code is refused here.
        row = msgspec.convert(told, kind.row)
        doc = msgspec.json.encode(row).decode()
        columns = (one.value(row) for one in kind.columns)
        yield row.id, row.id.split("_")[1], tenant, 3, doc, *columns


def a_ref(*parts: object) -> str:
    """What stands in an id for a home."""
    digest = sha256("/".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def document(tenant: str, number: int, chance: random.Random, *, is_open: bool) -> dict[str, Any]:
    """A claim with its history, evidence, words and weighings."""
    home, at = a_ref(tenant, number), BEGAN + timedelta(minutes=3 * number)
    shares = OPEN if is_open else OVER
    (state,) = chance.choices(list(shares), list(shares.values()))
    lacks = chance.choice(LACKS) if state == "staged" else ()
    about = {
        "product": f"P-{chance.randrange(PRODUCTS)}",
        "issue": f"issue-{min(chance.randrange(ISSUES), chance.randrange(ISSUES))}",
    }
    source = chance.choice(SOURCES)
    return {
        **about,
        "id": f"clm_{home}_1",
        "number": 1,
        "state": state,
        "warranty": f"wty_{home}_1",
        "connector": source,
        "source": source,
        "reference": f"R-{number}",
        "filed_at": at.isoformat(),
        "zone": "Europe/Istanbul",
        "history": list(_history(state, at, source, home)),
        "event": f"file-{home}",
        "incident_on": at.date().isoformat(),
        "serial_norm": f"sn{home}",
        "branch": f"branch-{chance.randrange(BRANCHES)}",
        "customer": f"cus_{a_ref(tenant, 'customer', chance.randrange(CUSTOMERS))}",
        "preferred": "repair",
        "pieces": list(_pieces(at, source, home)),
        "said": [["description", f"con_{home}", ["source", source, ""], at.isoformat(), home]],
        "missing": list(lacks),
        "blocked": ["evidence_missing"] if lacks else [],
        "flags": ["incident_assumed"],
        "weighings": list(_weighings(about, lacks, at, home)),
        **_verdict(state, at, home),
    }


def _history(state: str, at: datetime, source: str, home: str) -> Iterator[list[Any]]:
    before = None
    for day, after in enumerate(WAYS[state]):
        by = ["person", f"usr_{home}", "warranty_manager"] if day else ["source", source, ""]
        when = (at + timedelta(days=day)).isoformat()
        yield [before, after, when, by, "", "as it came", f"{after}-{home}"]
        before = after


def _pieces(at: datetime, source: str, home: str) -> Iterator[dict[str, Any]]:
    shown = ("photo", "photo", "invoice", "incident", "words")
    for number, kind in enumerate(shown, 1):
        yield {
            "id": str(number),
            "kind": kind,
            "value": f"med_{home}{number:016}",
            "by": ["source", source, ""],
            "at": at.isoformat(),
            "event": f"file-{home}",
        }


def _weighings(
    about: dict[str, str], lacks: tuple[str, ...], at: datetime, home: str
) -> Iterator[dict[str, Any]]:
    for number in range(2):
        ruled = ["evidence", 4, f"by_issue/{about['issue']}", ",".join(lacks) or "complete"]
        yield {
            "at": at.isoformat(),
            "event": f"file-{home}-{number}",
            "inputs": {
                **about,
                "cover": "covered",
                "owned": "owner",
                "incident_on": at.date().isoformat(),
                "asked_on": at.date().isoformat(),
                "photos": number,
                "serial": True,
                "value": 12_900,
                "currency": "EUR",
                "days_covered": 120,
            },
            "ruled": [ruled, ["claim_rules", 2, "default", "review"]],
            "missing": list(lacks),
            "blocked": ["evidence_missing"] if lacks else [],
        }


def _verdict(state: str, at: datetime, home: str) -> dict[str, Any]:
    if state not in {"denied", "resolved"}:
        return {}
    verdict = {
        "state": "denied",
        "at": at.isoformat(),
        "by": ["person", f"usr_{home}", "warranty_manager"],
        "why": "it was dropped",
        "event": f"denied-{home}",
        "reason": "customer_damage",
    }
    return {"verdict": verdict}
