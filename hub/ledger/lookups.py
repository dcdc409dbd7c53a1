"""Loading what a batch needs: fresh from Postgres, overlaid with the batch that is in flight."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.ledger.homes import Home, Inbox
from hub.ledger.plan import NameKey, NameRow, Plan
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
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as a(kind, tenant, low, high)
  join name n on n.kind = a.kind collate "C" and n.tenant = a.tenant collate "C"
             and n.value >= a.low collate "C" and n.value < a.high collate "C"
"""
STOCK = """
select a.tenant, a.product, count(m.quantity) as movements, coalesce(sum(m.quantity), 0) as on_hand
  from unnest($1::text[], $2::text[]) as a(tenant, product)
  left join stock_movement m on m.tenant = a.tenant and m.product = a.product
 group by 1, 2
"""
PART = "select {n} as kind, id, home, doc from {table} where home = any($1::text[])"
NUL = "\x00"
AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)

_inbox = msgspec.json.Decoder(Inbox).decode


def _stem(value: str) -> str:
    """The part of a value by which it can be looked up: up to its first separator."""
    end = value.find(SEPARATOR)
    return value if end < 0 else value[: end + 1]


def _bound(stem: str) -> str:
    """The first text after every text that begins with the stem, or after the stem alone."""
    return stem[:-1] + AFTER_SEPARATOR if stem.endswith(SEPARATOR) else stem + chr(1)


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
    _changed: set[NameKey | AskRow] = field(default_factory=set)
    """Names and rows that an earlier event of this batch has changed."""
    _stems: dict[NameKey, dict[str, NameHolder]] = field(default_factory=dict)
    _granted: dict[NameKey, dict[str, NameHolder]] = field(default_factory=dict)

    async def answer(self, asks: Iterable[Ask]) -> None:
        """Load what is asked for the first time."""
        missing = self.known.missing(dict.fromkeys(asks))
        tenants = [ask for ask in missing if isinstance(ask, AskTenant)]
        names = [ask for ask in missing if isinstance(ask, AskName) and NUL not in ask.value]
        rows = [ask for ask in missing if isinstance(ask, AskRow) and NUL not in ask.id]
        policies = [ask for ask in missing if isinstance(ask, AskPolicy)]
        shops = [ask for ask in missing if isinstance(ask, AskShop)]
        stocks = [ask for ask in missing if isinstance(ask, AskStock)]
        for ask in missing:
            # Nothing in Postgres holds a NUL, and to ask for one would fail the whole batch.
            if isinstance(ask, AskName) and NUL in ask.value:
                self.known.answers[ask] = ()
            elif isinstance(ask, AskRow) and NUL in ask.id:
                self.known.answers[ask] = None
        if tenants:
            await self._tenants(tenants)
        if names:
            await self._names(names)
        if rows:
            await self._rows(rows)
        if policies:
            self.known.answers |= await self.policies.answer(self.database, policies)
        if shops:
            self.known.answers |= await shop_answers(self.database, shops)
        if stocks:
            await self._stocks(stocks)

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
        keys = dict.fromkeys((ask.kind, ask.tenant, _stem(ask.value)) for ask in asks)
        new = [key for key in keys if key not in self._stems]
        for key in new:
            self._stems[key] = {}
        if new:
            kinds, tenants, lows = (list(column) for column in zip(*new, strict=True))
            found = await self.database.fetch(
                NAMES, kinds, tenants, lows, [_bound(low) for low in lows]
            )
            for row in found:
                holder = NameHolder(
                    row["kind"], row["value"], row["home"], row["id"], row["released"]
                )
                self._stems[row["kind"], row["tenant"], _stem(row["value"])][row["value"]] = holder
            if self.ahead is not None:
                self._overlay_names(self.ahead.names, set(new))
            for key in new:
                self._stems[key].update(self._granted.get(key, {}))
        for ask in asks:
            self._render(ask)

    def _overlay_names(self, names: Mapping[NameKey, NameRow], stems: set[NameKey]) -> None:
        for (kind, tenant, value), row in names.items():
            key = (kind, tenant, _stem(value))
            if key in stems:
                loaded = self._stems[key].get(value)
                # Whoever lets go of a name without having looked it up does not know its id.
                owner = row.id or (loaded.id if loaded else "")
                self._stems[key][value] = NameHolder(kind, value, row.home, owner, row.released)

    def _render(self, ask: AskName) -> None:
        held = self._stems[ask.kind, ask.tenant, _stem(ask.value)]
        answer: tuple[NameHolder, ...] = ()
        if not held:
            pass
        elif ask.prefix:
            answer = tuple(held[value] for value in sorted(held) if value.startswith(ask.value))
        else:
            answer = (held[ask.value],) if ask.value in held else ()
        self.known.answers[ask] = answer

    async def _rows(self, asks: list[AskRow]) -> None:
        processor = self.processor
        for row_type in (processor.head, *processor.parts, *processor.others):
            ids = [ask.id for ask in asks if ask.table == row_type.table]
            decided = self._decided(row_type.table, ids)
            self.known.answers.update(
                {AskRow(row_type.table, i): row for i, row in decided.items()}
            )
            ids = [i for i in ids if i not in decided]
            if not ids:
                continue
            sql = f"select id, doc from {row_type.table} where id = any($1::text[]) and doc is not null"
            rows = {r["id"]: _row(row_type, r["doc"]) for r in await self.database.fetch(sql, ids)}
            for identifier in ids:
                self.known.answers[AskRow(row_type.table, identifier)] = rows.get(identifier)

    def _decided(self, table: str, ids: Iterable[str]) -> dict[str, Row]:
        """Those rows that this batch or the one in flight has written."""
        plans = (self.plan, self.ahead) if self.ahead is not None else (self.plan,)
        written = [of.get(table, {}) for plan in plans for of in (plan.parts, plan.founded)]
        if not any(written):
            return {}
        found = {i: next((rows[i] for rows in written if i in rows), None) for i in ids}
        return {i: part.row for i, part in found.items() if part is not None}

    def name(self, kind: str, tenant: str, value: str) -> NameHolder | None:
        """Who holds a value, as far as this batch has looked or decided."""
        key = (kind, tenant, _stem(value))
        return self._granted.get(key, {}).get(value) or self._stems.get(key, {}).get(value)

    def granted(self, tenant: str, holder: NameHolder) -> None:
        """Remember for later events of this batch what an earlier one did to a name."""
        key = (holder.kind, tenant, _stem(holder.value))
        self._granted.setdefault(key, {})[holder.value] = holder
        self._changed.add(key)

    def rewritten(self, table: str, row: Row) -> None:
        """Remember for later events of this batch what an earlier one did to a row."""
        ask = AskRow(table, row.id)
        if ask in self.known.answers:
            self.known.answers[ask] = row
            self._changed.add(ask)

    def refresh(self, asks: Iterable[Ask]) -> bool:
        """Whether earlier events of this batch changed an answer; it is the new one afterwards."""
        changed = False
        for ask in asks:
            if isinstance(ask, AskName):
                key = (ask.kind, ask.tenant, _stem(ask.value))
                if key in self._changed:
                    self._stems[key].update(self._granted[key])
                    self._render(ask)
                    changed = True
            elif ask in self._changed:
                changed = True
        return changed

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


def _row(row_type: RowType, doc: str) -> Row:
    return msgspec.json.decode(doc, type=row_type.row)
