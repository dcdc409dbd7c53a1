"""The part of the hub's own check that is about claims, effects and the units that replace others."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hub.adapters.postgres.database import Queries
from hub.domain.claims.life import OPEN
from hub.recovery.claim_promises import Broken, broken
from hub.recovery.claim_rows import Claim, Effect, Unit
from schemas.refs import home

TABLE = "claim"
NAME = "claim"
"""The kind of name under which a claim is found by its source's reference."""
SENT = "sent"
"""The stage of a replacement whose new unit is not covered yet."""
CHUNK = 2_000
MOST_OF_ONE = 100
"""Of one promise, so many are named."""
COLUMNS = "the columns of a claim say what its document says"
NAMED = "a claim is found under the reference of its source"
OWNED = "every effect belongs to a claim of its home"
PAIRED = "a unit that was replaced has its successor, and the other way round"
ASIDE = """
select id, tenant, state, is_open, source, reference, doc from claim
 where id > $1 order by id limit $2
"""
OF_CLAIMS = "select doc from claim_effect where claim = any($1::text[]) order by id"
NAMES = "select tenant, value, id from name where kind = $1 and value = any($2::text[])"
LONELY = """
select e.id, e.claim from claim_effect e
 where not exists (select 1 from claim c where c.id = e.claim and c.home = e.home)
 order by 1 limit $1
"""
# A document of json is kept as its text, which is far quicker searched than read.
REPLACED = "select doc from unit where doc::text like '%\"replace%' order by id"
REPLACEMENTS = "select doc from claim_effect where kind = 'replacement' order by id"


async def broken_claims(tx: Queries) -> tuple[int, list[Broken]]:
    """How many claims there are, and what does not hold of them: read in one snapshot."""
    count, found, seen = 0, list[Broken](), Counter[str]()
    async for rows, effects in _chunks(tx):
        count += len(rows)
        for row in rows:
            found += _take(seen, _of_row(row, effects.get(row["id"], ())))
        found += _take(seen, await _unnamed(tx, rows))
    lonely = await tx.fetch(LONELY, MOST_OF_ONE)
    found += [Broken(OWNED, row["id"], f"{row['claim']} is not there") for row in lonely]
    found += _take(seen, _unpaired(await _replaced(tx), await _replacements(tx)))
    return count, found


def _take(seen: Counter[str], told: Iterator[Broken] | Sequence[Broken]) -> Iterator[Broken]:
    for one in told:
        seen[one.check] += 1
        if seen[one.check] <= MOST_OF_ONE:
            yield one


async def _chunks(tx: Queries) -> AsyncIterator[tuple[list[Any], Mapping[str, list[Effect]]]]:
    last = ""
    while rows := await tx.fetch(ASIDE, last, CHUNK):
        last = rows[-1]["id"]
        effects: dict[str, list[Effect]] = {}
        for row in await tx.fetch(OF_CLAIMS, [row["id"] for row in rows]):
            effect = msgspec.json.decode(row["doc"], type=Effect)
            effects.setdefault(effect.claim, []).append(effect)
        yield rows, effects


def _of_row(row: Any, effects: Sequence[Effect]) -> Iterator[Broken]:
    claim = msgspec.json.decode(row["doc"], type=Claim)
    columns = (row["state"], row["is_open"], row["source"], row["reference"])
    told = (claim.state, claim.state in OPEN, claim.source, claim.reference)
    if columns != told:
        yield Broken(COLUMNS, claim.id, f"columns {columns}, document {told}")
    yield from broken(claim, effects)


async def _unnamed(tx: Queries, rows: Sequence[Any]) -> list[Broken]:
    wanted = {
        (row["tenant"], home(row["tenant"], NAME, row["source"], row["reference"])): row["id"]
        for row in rows
        if row["reference"] is not None
    }
    # Two rows of one reference leave one of them without its name.
    twice = {row["id"] for row in rows if row["reference"] is not None} - set(wanted.values())
    values = [value for _, value in wanted]
    held = await tx.fetch(NAMES, NAME, values) if values else []
    names = {(row["tenant"], row["value"]): row["id"] for row in held}
    return [
        *(Broken(NAMED, one, "another claim has it, too") for one in sorted(twice)),
        *(
            Broken(NAMED, one, f"the name leads to {names.get(name, 'nothing')}")
            for name, one in wanted.items()
            if names.get(name) != one
        ),
    ]


async def _replaced(tx: Queries) -> dict[str, Unit]:
    units = [msgspec.json.decode(row["doc"], type=Unit) for row in await tx.fetch(REPLACED)]
    return {unit.id: unit for unit in units}


async def _replacements(tx: Queries) -> list[Effect]:
    return [msgspec.json.decode(row["doc"], type=Effect) for row in await tx.fetch(REPLACEMENTS)]


def _unpaired(units: Mapping[str, Unit], effects: Sequence[Effect]) -> Iterator[Broken]:
    """Old and new unit live in homes of their own: while a letter is on its way, only the new one is there."""
    on_their_way = {
        one.warranty for one in effects if one.state == "acknowledged" and one.stage == SENT
    }
    done = {(one.warranty, one.replaced_by) for one in effects if one.state == "done"}
    for unit in units.values():
        told = (unit.replaces, unit.id) in done or unit.replaces in on_their_way
        if unit.replaces is not None and not told:
            yield Broken(PAIRED, unit.id, f"it replaces {unit.replaces}, which no effect says")
        if unit.replaced_by is not None and not _is_after(unit.replaced_by, unit.id, units):
            yield Broken(PAIRED, unit.id, f"{unit.replaced_by} does not replace it")
    for old, new in done:
        if not _is_closed(units.get(old)):
            yield Broken(PAIRED, old, f"{new} replaces it, and it was not closed for that")
        if not _is_after(new, old, units):
            yield Broken(PAIRED, old, f"{new} is told to replace it and does not")


def _is_after(new: str | None, old: str, units: Mapping[str, Unit]) -> bool:
    return new is not None and new in units and units[new].replaces == old


def _is_closed(unit: Unit | None) -> bool:
    if unit is None or unit.replaced_by is None:
        return False
    # Whoever may reinstate a unit may do so with one that was replaced.
    return unit.status == "ended" or unit.was_reinstated
