"""Reading claims and effects: the rows that deciding writes are what is read, so nothing lags behind."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.api import claim_rows
from hub.api.claim_documents import ClaimLine, EffectDocument
from hub.api.claim_filters import ClaimFilters
from hub.api.claim_rows import Claim
from hub.api.claim_telling import effect_document, line
from hub.api.effect_bodies import EffectFilters
from hub.api.shelf import Where
from hub.domain.serials import normalise
from schemas.events.parts import Statement

CLAIMS = "select id, version, doc from claim"
WAITING = """
select claim.id, claim.version, claim.doc
  from claim_code k, lateral (select claim.* from claim where claim.id = k.id limit 1) claim"""
"""Read in the order of what waits; each claim is looked up where it stands."""
EFFECTS = "select id, doc from claim_effect"
OF_REFERENCE = (
    "select id, warranty from claim where source = $1 and reference = $2 order by id limit 1"
)
WORDS = "select ref, sealed from contact where ref = any($1::text[])"
UNITS = "select id from unit where serial_norm = $1 order by id limit 20"
FOREIGN = "select id from media where id = any($1::text[]) and warranty = $2"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


async def exists(queries: Queries, claim: str) -> bool:
    """Whether this tenant has a claim of that id."""
    return bool(await queries.fetch("select 1 from claim where id = $1", claim))


async def one(queries: Queries, claim: str) -> tuple[Claim, int] | None:
    """A claim and its version; None where this tenant has none of that id."""
    rows = await queries.fetch(f"{CLAIMS} where id = $1", claim)
    return (claim_rows.claim(rows[0]["doc"]), rows[0]["version"]) if rows else None


async def of_reference(queries: Queries, source: str, reference: str) -> tuple[str, str] | None:
    """The claim that a source told of under its reference, and its warranty."""
    rows = await queries.fetch(OF_REFERENCE, source, reference)
    return (rows[0]["id"], rows[0]["warranty"]) if rows else None


async def of_serial(queries: Queries, serial: str) -> list[str]:
    """The warranties of units with that serial."""
    return [row["id"] for row in await queries.fetch(UNITS, normalise(serial))]


async def foreign(queries: Queries, photos: Sequence[str], warranty: str) -> list[str]:
    """Those files that are none of that warranty."""
    if not photos:
        return []
    rows = await queries.fetch(FOREIGN, list(photos), warranty)
    return sorted(set(photos) - {row["id"] for row in rows})


async def page(queries: Queries, filters: ClaimFilters) -> tuple[list[ClaimLine], str | None]:
    """Claims by id, or by when they were filed where that was asked for, and the cursor of the next page.

    Neither ever changes, so whoever turns the pages sees each claim once, whatever is added.
    """
    where = Where()
    _narrow(where, filters)
    order = "filed_at, claim.id" if filters.by_time else _key(filters)
    source = CLAIMS if filters.code is None else WAITING
    sql = f"{source} where {where} order by {order} limit {filters.limit + 1}"
    rows = await queries.fetch(sql, *where.values)
    shown = rows[: filters.limit]
    found = [line(claim_rows.line(row["doc"]), row["version"]) for row in shown]
    return found, _cursor(found[-1], filters) if len(rows) > filters.limit else None


def _narrow(where: Where, filters: ClaimFilters) -> None:
    for name in ("state", "warranty", "issue", "product", "branch", "customer"):
        if (value := getattr(filters, name)) is not None:
            where.add(name + " = {}", value)
    if filters.open is not None:
        where.add("is_open" if filters.open else "not is_open")
    if filters.reference is not None:
        where.add("source = {} and reference = {}", filters.source, filters.reference)
    if filters.code is not None:
        where.add("k.code = {}", filters.code)
    if filters.filed_from is not None:
        where.add("filed_at >= {}", filters.filed_from)
    if filters.filed_to is not None:
        where.add("filed_at < {}", filters.filed_to)
    _begin(where, filters)


def _begin(where: Where, filters: ClaimFilters) -> None:
    """Behind the page before; a cursor of the other order begins as that one would."""
    if filters.cursor is None:
        return
    micros, _, last = filters.cursor.rpartition(".")
    if filters.by_time and micros:
        at = EPOCH + int(micros) * MICROSECOND
        where.add("(filed_at, claim.id) > ({}::timestamptz, {}::text)", at, f"clm_{last}")
    else:
        where.add(_key(filters) + " > {}", f"clm_{last}")


def _key(filters: ClaimFilters) -> str:
    """What a page is in the order of: the id, where it is read first."""
    return "claim.id" if filters.code is None else "k.id"


def _cursor(last: ClaimLine, filters: ClaimFilters) -> str:
    identifier = last.id.removeprefix("clm_")
    if not filters.by_time:
        return identifier
    return f"{(last.filed_at - EPOCH) // MICROSECOND}.{identifier}"


async def words(
    queries: Queries, keyring: Keyring, tenant: str, claim: Claim
) -> Mapping[str, str | None]:
    """What was written in a claim, by where it is kept; what was erased is not there.

    Raises:
        SealError: it cannot be opened.

    """
    refs = [one.words for one in claim.said]
    rows: list[Any] = await queries.fetch(WORDS, refs) if refs else []
    return {row["ref"]: await _opened(keyring, tenant, row["sealed"]) for row in rows}


async def _opened(keyring: Keyring, tenant: str, sealed: bytes) -> str | None:
    return Statement.model_validate_json(await keyring.opened(tenant, sealed)).words


async def effects_of(queries: Queries, claim: str) -> list[EffectDocument]:
    """What a claim led to, in the order in which it was asked for."""
    rows = await queries.fetch(f"{EFFECTS} where claim = $1 order by asked_at, id", claim)
    return [effect_document(claim_rows.effect(row["doc"])) for row in rows]


async def effect(queries: Queries, identifier: str) -> EffectDocument | None:
    """An effect; None where this tenant has none of that id."""
    rows = await queries.fetch(f"{EFFECTS} where id = $1", identifier)
    return effect_document(claim_rows.effect(rows[0]["doc"])) if rows else None


async def effects(
    queries: Queries, filters: EffectFilters
) -> tuple[list[EffectDocument], str | None]:
    """Effects by id, and the cursor of the next page."""
    where = Where()
    for name in ("state", "kind", "claim"):
        if (value := getattr(filters, name)) is not None:
            where.add(name + " = {}", value)
    if filters.cursor is not None:
        where.add("id > {}", f"eff_{filters.cursor}")
    sql = f"{EFFECTS} where {where} order by id limit {filters.limit + 1}"
    rows = await queries.fetch(sql, *where.values)
    found = [effect_document(claim_rows.effect(row["doc"])) for row in rows[: filters.limit]]
    return found, found[-1].id.removeprefix("eff_") if len(rows) > filters.limit else None
