"""Loading what a batch needs: fresh from Postgres, overlaid with the batch that is in flight."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.adapters.postgres import Queries
from hub.ledger.homes import Home, Inbox, encode
from hub.ledger.plan import Holders, NameKey, Plan
from hub.ledger.recalled import Policies, Tenants
from hub.ledger.shop_answers import shop_answers
from hub.sdk.decision import Row
from hub.sdk.events import (
    Ask,
    AskName,
    AskPolicy,
    AskRow,
    AskShop,
    AskStock,
    AskTenant,
    Known,
    NameHolder,
    Stock,
    Tenant,
)
from hub.sdk.processor import Processor, RowType
from schemas.refs import SEPARATOR

TENANTS = """
select id, coverage_months, patience_days, version, erased_at is not null as is_erased
  from tenant where id = any($1::text[])
"""
NAMES = """
select n.kind, n.tenant, n.value, n.home, n.id, n.released
  from unnest($1::text[], $2::text[], $3::text[]) as a(kind, tenant, stems)
 cross join lateral jsonb_array_elements_text(a.stems::jsonb) as s(low)
 cross join lateral (select case when right(s.low, 1) = chr(31) then left(s.low, -1) || chr(32)
                                 else s.low || chr(1) end as high) b
 cross join lateral (
  select * from name
   where name.kind = a.kind collate "C" and name.tenant = a.tenant collate "C"
     and name.value >= s.low collate "C" and name.value < b.high collate "C"
   -- Never joined but by looking up one stem after another.
  offset 0) n
"""
"""The stems of each kind and merchant as one text: the client looks at each element of an array several times.

What begins with a stem that ends with the separator comes before what has the next character in its place;
of another stem there is the value itself alone.
"""
STOCK = """
select a.tenant, a.product, count(m.quantity) as movements, coalesce(sum(m.quantity), 0) as on_hand
  from unnest($1::text[], $2::text[]) as a(tenant, product)
  left join stock_movement m on m.tenant = a.tenant and m.product = a.product
 group by 1, 2
"""
PART = "select {n} as kind, id, home, doc from {table} where home = any($1::text[])"
NUL = "\x00"
"""Nothing in Postgres holds one, and to ask for one would fail the whole batch."""

_value = attrgetter("value")
_inbox = msgspec.json.Decoder(Inbox).decode


def _stem(value: str) -> str:
    """The part of a value by which it can be looked up: up to its first separator."""
    end = value.find(SEPARATOR)
    return value if end < 0 else value[: end + 1]


@dataclass(slots=True)
class Lookups:
    """One batch's view of the store. `ahead` is the plan in flight, whose writes it shows already."""

    database: Queries
    processor: Processor[Any]
    plan: Plan
    ahead: Plan | None
    tenants: Tenants = field(default_factory=Tenants)
    policies: Policies = field(default_factory=Policies)
    known: Known = field(default_factory=Known)
    homes: dict[str, Home] = field(default_factory=dict)
    _changed: set[Ask] = field(default_factory=set)
    """What would be answered otherwise now, after earlier events of this batch."""
    _looked: dict[NameKey, list[AskName]] = field(default_factory=dict)
    """By kind, tenant and the stem of the value: who asked."""
    _stems: dict[NameKey, Holders] = field(default_factory=dict)
    """What was found, which for most is nothing."""

    async def answer(self, asks: Iterable[Ask]) -> None:
        """Load what is asked for the first time."""
        missing: dict[type, list[Any]] = {}
        for ask in dict.fromkeys(asks):
            if ask not in self.known.answers:
                missing.setdefault(type(ask), []).append(ask)
        if AskTenant in missing:
            await self._tenants(missing[AskTenant])
        if AskName in missing:
            await self._names(missing[AskName])
        if AskRow in missing:
            await self._rows(missing[AskRow])
        if AskPolicy in missing:
            found = await self.policies.answer(self.database, missing[AskPolicy])
            self.known.answers |= found
        if AskShop in missing:
            self.known.answers |= await shop_answers(self.database, missing[AskShop])
        if AskStock in missing:
            await self._stocks(missing[AskStock])

    async def _stocks(self, asks: list[AskStock]) -> None:
        """What Postgres has by now: movements are homes of their own, and none of them is awaited."""
        self.known.answers |= {ask: Stock() for ask in asks}
        asked = [ask for ask in asks if NUL not in ask.product]
        tenants, products = [ask.tenant for ask in asked], [ask.product for ask in asked]
        for row in await self.database.fetch(STOCK, tenants, products):
            ask = AskStock(row["tenant"], row["product"])
            self.known.answers[ask] = Stock(row["movements"], row["on_hand"])

    async def _tenants(self, asks: list[AskTenant]) -> None:
        # What is recalled now is kept: while a stranger is looked for, another batch may forget all.
        found = {ask.tenant: self.tenants.recall(ask.tenant) for ask in asks}
        unknown = [tenant for tenant, row in found.items() if row is None]
        if unknown:
            for row in await self.database.fetch(TENANTS, unknown):
                found[row["id"]] = self.tenants.known[row["id"]] = Tenant(**dict(row))
        self.known.answers.update({ask: found[ask.tenant] for ask in asks})

    async def _names(self, asks: list[AskName]) -> None:
        new: list[NameKey] = []
        keys = [(ask.kind, ask.tenant, _stem(ask.value)) for ask in asks]
        for ask, key in zip(asks, keys, strict=True):
            if key in self._looked:
                self._looked[key].append(ask)
            else:
                self._looked[key] = [ask]
                if NUL not in key[2]:
                    new.append(key)
        if new:
            await self._find(new)
        for ask, key in zip(asks, keys, strict=True):
            if key in self.plan.held:
                self._changed.add(ask)
            self._render(ask, key)

    def _render(self, ask: AskName, key: NameKey) -> None:
        held, mine = self._stems.get(key, ()), self.plan.held
        if key in mine:
            held = self._stems[key] = merged(held, mine[key])
        self.known.answers[ask] = _rendered(ask, held)

    async def _find(self, new: Sequence[NameKey]) -> None:
        lows: dict[tuple[str, str], list[str]] = {}
        for kind, tenant, low in new:
            lows.setdefault((kind, tenant), []).append(low)
        kinds, tenants = (list(column) for column in zip(*lows, strict=True))
        texts = [encode(of).decode() for of in lows.values()]
        stems = self._stems
        for row in await self.database.fetch(NAMES, kinds, tenants, texts):
            kind, value = row["kind"], row["value"]
            holder = NameHolder(kind, value, row["home"], row["id"], row["released"])
            key = (kind, row["tenant"], _stem(value))
            stems[key] = (*stems.get(key, ()), holder)
        ahead = self.ahead.held if self.ahead is not None else {}
        for key in new if ahead else ():
            if key in ahead:
                stems[key] = merged(stems.get(key, ()), ahead[key])

    async def _rows(self, asks: Iterable[AskRow]) -> None:
        processor, answers = self.processor, self.known.answers
        asked: dict[str, list[str]] = {}
        for ask in asks:
            if NUL in ask.id:
                answers[ask] = None
            else:
                asked.setdefault(ask.table, []).append(ask.id)
        for row_type in (processor.head, *processor.parts, *processor.others):
            table = row_type.table
            if table not in asked:
                continue
            ids = asked[table]
            decided = self._decided(table, ids)
            answers.update({AskRow(table, i): row for i, row in decided.items()})
            ids = [i for i in ids if i not in decided]
            if not ids:
                continue
            sql = f"select id, doc from {table} where id = any($1::text[]) and doc is not null"
            rows = {r["id"]: _row(row_type, r["doc"]) for r in await self.database.fetch(sql, ids)}
            for identifier in ids:
                answers[AskRow(table, identifier)] = rows.get(identifier)

    def _decided(self, table: str, ids: Iterable[str]) -> dict[str, Row]:
        """Those rows that this batch or the one in flight has written."""
        plans = (self.plan, self.ahead) if self.ahead is not None else (self.plan,)
        written = [of.get(table, {}) for plan in plans for of in (plan.parts, plan.founded)]
        if not any(written):
            return {}
        found = {i: next((rows[i] for rows in written if i in rows), None) for i in ids}
        return {i: part.row for i, part in found.items() if part is not None}

    def name(self, key: NameKey) -> tuple[NameHolder | None, NameKey]:
        """Who holds a value, as far as this batch has looked or decided, and by what it is looked up."""
        kind, tenant, value = key
        stem = _stem(value)
        if stem != value:
            key = (kind, tenant, stem)
        for held in (self.plan.held.get(key), self._stems.get(key)):
            for holder in held or ():
                if holder.value == value:
                    return holder, key
        return None, key

    def granted(self, key: NameKey, holder: NameHolder) -> None:
        """Remember for later events of this batch what an earlier one did to a name."""
        held = self.plan.held
        held[key] = merged(held[key], (holder,)) if key in held else (holder,)
        if key in self._looked:
            self._changed.update(self._looked[key])

    def rewritten(self, table: str, row: Row) -> None:
        """Remember for later events of this batch what an earlier one did to a row."""
        ask = AskRow(table, row.id)
        if ask in self.known.answers:
            self.known.answers[ask] = row
            self._changed.add(ask)

    def refresh(self, asks: Iterable[Ask]) -> bool:
        """Whether earlier events of this batch changed an answer; it is the new one afterwards."""
        changed = self._changed.intersection(asks)
        for ask in changed:
            if isinstance(ask, AskName):
                self._render(ask, (ask.kind, ask.tenant, _stem(ask.value)))
        return bool(changed)

    async def load(self, homes: Mapping[str, str]) -> None:
        """Load homes, given with their tenants; one that is new starts empty."""
        wanted = [home for home in homes if home not in self.homes]
        if self.ahead is not None:
            for home in wanted:
                if home in self.ahead.homes:
                    self.homes[home] = self.ahead.homes[home]
        wanted = [home for home in wanted if home not in self.homes]
        if not wanted:
            return
        head = self.processor.head
        sql = f"select id, tenant, version, doc, inbox from {head.table} where id = any($1::text[])"
        found = {row["id"]: row for row in await self.database.fetch(sql, wanted)}
        parts = await self._parts(list(found))
        for home in wanted:
            row = found.get(home)
            if row is None:
                state = self.processor.assemble(None, ())
                self.homes[home] = Home(home, homes[home], 0, Inbox(), state)
            else:
                doc = None if row["doc"] is None else _row(head, row["doc"])
                state = self.processor.assemble(doc, parts.get(home, ()))
                self.homes[home] = Home(
                    home, row["tenant"], row["version"], _inbox(row["inbox"]), state
                )

    async def _parts(self, homes: list[str]) -> dict[str, list[Row]]:
        """The rows of these homes: one round trip, however many kinds there are."""
        parts: dict[str, list[Row]] = {}
        kinds = self.processor.parts
        if homes and kinds:
            sql = " union all ".join(
                PART.format(n=n, table=one.table) for n, one in enumerate(kinds)
            )
            for row in await self.database.fetch(f"{sql} order by 1, 2", homes):
                kept = _row(kinds[row["kind"]], row["doc"])
                parts.setdefault(row["home"], []).append(kept)
        return parts


def merged(held: Holders, later: Holders) -> Holders:
    """Who holds values of one stem once some of them have changed."""
    if not held:
        return later
    by_value = {holder.value: holder for holder in held}
    for holder in later:
        was = by_value.get(holder.value, holder)
        # Whoever lets go of a name without having looked it up does not know its id.
        by_value[holder.value] = holder if holder.id else replace(holder, id=was.id)
    return tuple(by_value.values())


def _rendered(ask: AskName, held: Holders) -> Holders:
    if not held:
        return ()
    if not ask.prefix:
        return tuple([one for one in held if one.value == ask.value])
    found = [one for one in held if one.value.startswith(ask.value)]
    return tuple(sorted(found, key=_value) if len(found) > 1 else found)


def _row(row_type: RowType, doc: str) -> Row:
    return msgspec.json.decode(doc, type=row_type.row)
