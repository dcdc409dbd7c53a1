"""`hub policy rehearse`: drafts are tried on the claims that stand in Postgres, and nothing is written."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from typer.testing import CliRunner

from hub.adapters.postgres import connect_for_tenants
from hub.api.claim_rehearsal import rehearsal
from hub.main import app
from hub.processors.catalog.state import By, PolicyRow
from hub.processors.purchase.claim_rows import CLAIMS, Claim
from schemas.policies.checking import parse
from tests.api.conftest import OTHER, TENANT
from tests.api.installed import Installed
from tests.unit.claims import PHOTO, a_rule, approved, covered, filed, posted, reviewed, the_claim
from tests.unit.domain.weighed import requiring

pytestmark = pytest.mark.servers

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DENY_BROKEN = {"rules": [a_rule("broken", "deny", issues=["broken"], reason="excluded")]}


def decided_by_people() -> Claim:
    """Approved with its photos, though no till told an invoice number; its parts cost less than granted."""
    story, warranty = covered()
    story.given(filed(warranty, photos=[PHOTO]))
    claim = the_claim(story).id
    story.given(reviewed(claim), approved(claim, ("repair", 4_000)), posted(claim, "p1", 3_500))
    return the_claim(story)


def still_open() -> Claim:
    story, warranty = covered()
    story.given(filed(warranty, "power"))
    return the_claim(story)


async def kept(dsn: str, tenant: str, *claims: Claim) -> None:
    """As the engine keeps them; an id of its own for each, for all stories have one home."""
    columns = ", ".join(one.name for one in CLAIMS.columns)
    places = ", ".join(f"${n}::text::{one.type}" for n, one in enumerate(CLAIMS.columns, 6))
    connection = await asyncpg.connect(dsn)
    for number, claim in enumerate(claims, 1):
        own = msgspec.structs.replace(claim, id=f"{claim.id}{tenant}{number}")
        values = [_text(one.value(own)) for one in CLAIMS.columns]
        await connection.execute(
            f"insert into claim (id, home, tenant, version, doc, {columns}) "  # noqa: S608
            f"values ($1, $2, $3, $4, $5, {places})",
            *(own.id, "home", tenant, 1, msgspec.json.encode(own).decode(), *values),
        )
    await connection.close()


def _text(value: object) -> str | None:
    return (
        None if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    )


async def published(dsn: str, tenant: str, name: str, document: dict[str, Any]) -> None:
    text = json.dumps(document)
    by = By("person", "usr_1", "owner")
    row = PolicyRow(f"pol_{name}_1", name, 1, NEW_YEAR, text, "", by, "why", NEW_YEAR, "e1")
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "insert into policy (id, home, tenant, version, name, number, effective_from, doc) "
        "values ($1, 'home', $2, 1, $3, 1, $4, $5)",
        *(row.id, tenant, name, NEW_YEAR, msgspec.json.encode(row).decode()),
    )
    await connection.close()


async def rows(dsn: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    found = await connection.fetch("select id, version, doc::text from claim order by id")
    await connection.close()
    return [tuple(row) for row in found]


async def rehearsed(installed: Installed, file: Path, *words: str) -> Any:
    line = ["policy", "rehearse", TENANT, str(file), "--since", "2026-01-01", *words]
    result = await asyncio.to_thread(
        lambda: CliRunner().invoke(app, line, env=installed.env(COLUMNS="200"))
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.output) if "--json" in words else result.output


async def test_a_draft_is_tried_on_the_claims_of_its_merchant(
    installed: Installed, tmp_path: Path
) -> None:
    await kept(installed.dsn, TENANT, decided_by_people(), still_open())
    await kept(installed.dsn, OTHER, decided_by_people())
    await published(installed.dsn, TENANT, "evidence", requiring("photos", missing="flag"))
    before = await rows(installed.dsn)
    draft = tmp_path / "claim_rules.json"
    draft.write_text(json.dumps(DENY_BROKEN))
    told = await rehearsed(installed, draft, "--json")
    text = await rehearsed(installed, draft)

    assert (told["policy"], told["claims"], told["differ"]) == ("claim_rules", 2, 1)
    (one,) = told["differences"]
    assert one["claim"].endswith(f"{TENANT}1")
    assert (one["before"]["becomes"], one["after"]) == (
        "review",
        {"becomes": "deny", "codes": ["excluded"]},
    )
    assert told["costs"] == [{"currency": "EUR", "before": 3500, "after": 0, "change": -3500}]
    assert told["reasons"] == [{"claims": 1, "before": "review", "after": "deny: excluded"}]
    assert (
        "2 claims since 2026-01-01 00:00 UTC; 1 would differ under this draft of claim_rules"
        in text
    )
    for heading in ("By claim", "By reason", "By cost, in minor units", "-3500"):
        assert heading in text
    assert await rows(installed.dsn) == before, "nothing is written"


async def test_the_versions_that_counted_are_those_of_the_day_of_filing(
    installed: Installed, tmp_path: Path
) -> None:
    await kept(installed.dsn, TENANT, decided_by_people(), still_open())
    await published(installed.dsn, TENANT, "evidence", requiring("photos", missing="flag"))
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps(requiring("photos")))
    told = await rehearsed(installed, draft, "--name", "evidence", "--json")
    same = tmp_path / "same.json"
    same.write_text(json.dumps(requiring("photos", missing="flag", expires_days=3)))

    (one,) = told["differences"]
    assert one["before"] == {"becomes": "review", "flags": ["evidence_missing"]}
    assert one["after"] == {"becomes": "wait", "codes": ["evidence_missing", "photos"]}
    assert one["state"] == "submitted"
    assert (await rehearsed(installed, same, "--name", "evidence", "--json"))["differ"] == 0
    assert "0 would differ" in await rehearsed(installed, same, "--name", "evidence")


async def test_a_draft_of_limits_is_tried_on_what_people_approved(
    installed: Installed, tmp_path: Path
) -> None:
    await kept(installed.dsn, TENANT, decided_by_people(), still_open())
    draft = tmp_path / "approval.json"
    limit = {"role": "warranty_manager", "up_to": {"amount": 3_999, "currency": "EUR"}}
    draft.write_text(json.dumps({"limits": [limit]}))
    told = await rehearsed(installed, draft, "--json")

    assert told["reasons"] == [{"claims": 1, "before": "alone", "after": "two"}]
    assert told["costs"] == [{"currency": "EUR", "before": 4000, "after": 4000, "change": 0}]


async def test_claims_are_read_page_by_page_and_since_a_moment(dsn: str) -> None:
    claims = [decided_by_people() for _ in range(7)]
    await kept(dsn, TENANT, *claims)
    draft = parse("claim_rules", DENY_BROKEN)
    database = await connect_for_tenants(dsn, size=1)
    async with database.speaking_for(TENANT) as queries:
        whole = await rehearsal(queries, "claim_rules", draft, NEW_YEAR, page=3)
        later = await rehearsal(queries, "claim_rules", draft, datetime.now(UTC), page=3)
    await database.close()

    assert (whole.claims, whole.differ) == (7, 7)
    assert len({one.claim for one in whole.differences}) == 7
    assert later.claims == 0


def test_only_what_claims_are_decided_by_is_rehearsed(tmp_path: Path) -> None:
    file = tmp_path / "coverage.json"
    file.write_text("{}")
    result = CliRunner().invoke(app, ["policy", "rehearse", TENANT, str(file)])

    assert result.exit_code == 2
    assert "rehearse one of evidence, stock, claim_rules, approval" in result.output
