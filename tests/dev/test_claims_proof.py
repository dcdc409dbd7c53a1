"""The proof of the lists of claims asks for each filter that there is, and sees a list without its index."""

import random

import pytest

from hub.access.tenants import put
from hub.adapters.postgres import Database, connect_for_tenants
from hub.api.claim_filters import ClaimFilters
from hub.dev.prove.claim_rows import document
from hub.dev.prove.claims import LISTS, filters, judged, measured, sequential

COUNT, READS = 3_000, 20
A_SEED = 7
RANDOM = random.Random(A_SEED)  # noqa: S311 - a repeatable mixture


def test_every_filter_of_the_api_is_among_the_lists() -> None:
    named = {name for make in LISTS.values() for name in make(RANDOM, COUNT)}

    assert named == set(ClaimFilters.model_fields) - {"limit"}
    assert all(filters(make, RANDOM, COUNT) for make in LISTS.values())


def test_open_claims_are_spread_over_whatever_they_are_narrowed_by() -> None:
    some = [document("acme", n, RANDOM, is_open=True) for n in range(400)]

    for name, least in {"state": 4, "issue": 20, "branch": 20, "source": 3, "product": 200}.items():
        assert len({one[name] for one in some}) >= least


def test_a_list_that_takes_too_long_is_told() -> None:
    took = {"nothing": [0.001] * 100, "quick": [0.01] * 100, "slow": [0.03] * 100}

    figures = judged(took, [], 1, 100)

    assert (figures["slowest"], figures["slowest_times"], figures["ok"]) == ("slow", 30.0, False)


@pytest.mark.servers
async def test_no_list_reads_a_whole_table(dsn: str, database: Database) -> None:
    for tenant in ("acme", "globex"):
        await put(database, tenant, 24, 14)
    figures = await measured(dsn, COUNT, READS, RANDOM)

    assert figures["sequential_scans"] == []
    assert figures["lists_p99_ms"].keys() == LISTS.keys()

    # How long a list took is wall-clock time, for which `make prove` answers; an index that is gone is seen here.
    await database.execute("drop index claim_by_branch")
    await database.execute("drop index claim_by_tenant")
    tenants = await connect_for_tenants(dsn, size=1)
    async with tenants.speaking_for("acme") as queries:
        found = await sequential(queries, RANDOM, COUNT)
    await tenants.close()
    assert found
