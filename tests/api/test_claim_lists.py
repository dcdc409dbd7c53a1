"""Every list of claims is read by an index, however many there are and whatever it is narrowed by."""

import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import pytest

from hub.access.tenants import put
from hub.adapters.postgres import Database, Queries, connect_for_tenants
from hub.api import claim_shelf
from hub.api.claim_filters import ClaimFilters
from hub.api.effect_bodies import EffectFilters

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

MANY = int(os.environ.get("HUB_OPEN_CLAIMS", "20000"))
"""`HUB_OPEN_CLAIMS=100000` is what a merchant may have open."""
ASKED = 300
"""So often each list is asked for."""
TENANT, OTHER = "acme", "globex"
DOC: dict[str, Any] = {
    "state": "staged",
    "warranty": "wty_aaaaaaaaaaaaaaaa_1",
    "issue": "power",
    "connector": "shop",
    "filed_at": "2026-01-01T00:00:00Z",
    "zone": "UTC",
    "product": "TV",
    "event": "e",
    "history": [[None, "staged", "2026-01-01T00:00:00Z", ["source", "shop", ""], "", "", "e"]],
}
FILL = """
insert into claim (id, home, tenant, version, state, is_open, warranty, issue, product, branch, customer, source,
                   reference, filed_at, codes, doc)
select 'clm_' || h || '_1', h, $1, 1,
       (array['staged', 'submitted', 'under_review', 'awaiting_info'])[1 + n % 4], true,
       'wty_' || h || '_1', 'issue-' || n % 50, 'product-' || n % 500, 'branch-' || n % 20,
       'cus_' || translate(lpad((n % 5000)::text, 16, 'a'), '0189', 'bcde'), 'shop', 'R-' || n,
       timestamptz '2026-01-01' + n * interval '1 minute',
       case when n % 4 = 0 then array['evidence_missing', 'photos'] when n % 1000 = 1 then array['wrong_owner']
            else '{}' end,
       jsonb_set($2::jsonb, '{id}', to_jsonb('clm_' || h || '_1'))
  from (select n, substr(translate(md5($1 || n), '0189', 'ghij'), 1, 16) as h from generate_series(1, $3) n) s
"""
EFFECTS = """
insert into claim_effect (id, home, tenant, version, state, kind, claim, warranty, branch, asked_at, doc)
select replace(id, 'clm_', 'eff_'), home, tenant, 1, case when random() < 0.1 then 'requested' else 'done' end,
       case when random() < 0.1 then 'refund' else 'repair' end, id, warranty, branch, filed_at,
       json_build_object('id', replace(id, 'clm_', 'eff_'), 'state', 'done', 'claim', id, 'warranty', warranty,
                         'kind', 'repair', 'asked_at', filed_at, 'event', 'e', 'product', 'TV')
  from claim
"""


EFFECT_LISTS = (
    EffectFilters(),
    EffectFilters(state="requested"),
    EffectFilters(kind="refund"),
    EffectFilters(cursor="cccccccccccccccc_1"),
)


class Explained:
    """Queries that are explained beside being asked."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self.plans: list[str] = []

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        rows = await self._queries.fetch(f"explain {sql}", *values)
        self.plans.append("\n".join(row[0] for row in rows))
        return await self._queries.fetch(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        raise NotImplementedError

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        raise NotImplementedError


async def filled(database: Database) -> None:
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
        await database.execute(FILL, tenant, json.dumps(DOC), MANY)
    await database.execute(EFFECTS)
    await database.execute("analyze claim, claim_code, claim_effect")


def asked(one: dict[str, Any]) -> list[ClaimFilters]:
    """The first page and one far behind, of each filter and of several together."""
    return [
        ClaimFilters.model_validate(shown)
        for shown in (
            {},
            {"cursor": "cccccccccccccccc_1"},
            {"state": "submitted"},
            {"open": True},
            {"open": False},
            {"warranty": one["warranty"]},
            {"issue": "issue-7"},
            {"product": "product-7"},
            {"branch": "branch-7"},
            {"customer": one["customer"]},
            {"source": "shop", "reference": "R-77"},
            {"code": "evidence_missing"},
            {"code": "wrong_owner"},
            {"code": "nothing_of_that_kind"},
            {"code": "photos", "cursor": "cccccccccccccccc_1"},
            {"code": "photos", "branch": "branch-4", "filed_from": "2026-01-03T00:00:00Z"},
            {"filed_from": "2026-01-03T00:00:00Z", "filed_to": "2026-01-04T00:00:00Z"},
            {"filed_from": "2026-01-01T00:00:00Z", "limit": 200},
            {"filed_from": "2026-01-01T00:00:00Z", "cursor": "1767398400000000.aaaaaaaaaaaaaaaa_1"},
            {"state": "staged", "branch": "branch-4", "open": True},
        )
    ]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_no_list_reads_a_whole_table_nor_takes_long(
    database: Database, dsn: str, mode: str
) -> None:
    await filled(database)
    tenants = await connect_for_tenants(dsn, size=2)
    one = await database.fetchrow("select warranty, customer from claim where tenant = $1", TENANT)
    async with tenants.speaking_for(TENANT) as queries:
        await queries.execute(f"set plan_cache_mode = {mode}")
        told = await plans(queries, dict(one))
        slowest = await slowest_of(queries, dict(one))
        nothing = await p99(lambda: queries.fetch("select 1"))
    await tenants.close()
    print(  # noqa: T201 - the figures
        f"{MANY} open claims, {mode}: p99 {slowest * 1000:.2f} ms, SELECT 1 {nothing * 1000:.3f} ms"
    )

    assert [plan for plan in told if "Seq Scan" in plan] == []
    assert len(told) == len(asked(dict(one))) + len(EFFECT_LISTS)


async def plans(queries: Queries, one: dict[str, Any]) -> list[str]:
    explained = Explained(queries)
    for filters in asked(one):
        found, _ = await claim_shelf.page(explained, filters)
        assert all(claim.open for claim in found)
    for effects in EFFECT_LISTS:
        await claim_shelf.effects(explained, effects)
    return explained.plans


async def slowest_of(queries: Queries, one: dict[str, Any]) -> float:
    """Of pages as long as they are where nobody asks for longer ones."""
    usual = [filters for filters in asked(one) if "limit" not in filters.model_fields_set]
    took = [await p99(lambda f=filters: claim_shelf.page(queries, f)) for filters in usual]  # type: ignore[misc] # bound now
    return max(took)


async def p99(ask: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    return sorted(took)[ASKED * 99 // 100]
