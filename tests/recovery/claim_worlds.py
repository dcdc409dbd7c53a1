"""A world of claims as their stories leave it, in the tables that deciding writes."""

from typing import Any

import msgspec

from hub.adapters.postgres import Database
from hub.processors.purchase import PROCESSOR
from hub.processors.purchase.claim_rows import Effect
from hub.sdk.processor import RowType
from schemas.refs import home_of
from tests.unit.claims import (
    EUR,
    FEBRUARY,
    approved,
    covered,
    denied,
    filed,
    posted,
    reported,
    withdrawn,
)
from tests.unit.story import Story, a_line, a_sale

TENANT = "acme"


def a_world() -> Story:
    """A replacement, a repair, a refund that failed and was made up for, a denial, and what waits."""
    story, _ = covered()
    story.catalog.describe("drill", supplier={"code": "bolt", "name": "Bolt"})
    story.move_stock("in", 1)
    for number, kind in enumerate(("repair", "refund", "write_off", "replacement")):
        story.given(approved(a_claim(story, f"SN-1{number}", reference=f"R-{number}"), kind))
    effects: dict[str, Effect] = {one.kind: one for one in story.effects}
    story.given(
        reported(effects["repair"].id, "repaired", cost=300),
        reported(effects["refund"].id, "failed", cost=20),
        approved(effects["refund"].claim, "write_off", id="instead"),
        posted(effects["refund"].claim, "B-1", 40),
        reported(effects["replacement"].id, "done", serial="SN-2"),
    )
    story.given(denied(a_claim(story, "SN-20")))
    story.given(withdrawn(a_claim(story, "SN-21")))
    a_claim(story, "SN-22")
    return story


def a_claim(story: Story, serial: str, **fact: Any) -> str:
    """The id of a claim on a unit that was sold just before."""
    known = {one.id for one in story.claims}
    line = a_line(serials=[serial], price={"amount": 500, "currency": EUR})
    story.given(a_sale(line, order=f"O-{serial}"))
    story.given(filed(serial=serial, incident_on=FEBRUARY, id=f"file-{serial}", **fact))
    (new,) = {one.id for one in story.claims} - known
    return new


async def kept(database: Database, story: Story) -> None:
    """Put every row and name of a world where deciding would."""
    for head in story.heads:
        sql = "insert into purchase (id, tenant, version, doc, inbox) values ($1, $2, 1, $3, '{}')"
        await database.execute(sql, head.id, TENANT, msgspec.json.encode(head).decode())
    rows = (*story.units, *story.proposals, *story.proofs, *story.claims, *story.effects)
    for row in rows:
        kind = next(one for one in PROCESSOR.parts if isinstance(row, one.row))
        await _keep(database, kind, row)
    for name in story.holders:
        sql = "insert into name values ($1, $2, $3, $4, $5)"
        await database.execute(sql, name.kind, TENANT, name.value, name.home, name.id)


async def _keep(database: Database, kind: RowType, row: Any) -> None:
    values = [column.value(row) for column in kind.columns]
    names = ", ".join(column.name for column in kind.columns)
    # The ledger casts every value from its text, too.
    types = enumerate((column.type for column in kind.columns), 5)
    places = ", ".join(f"${n}::text::{name}" if name == "text[]" else f"${n}" for n, name in types)
    sql = f"""insert into {kind.table} (id, home, tenant, version, doc, {names})
              values ($1, $2, $3, 1, $4, {places})"""  # noqa: S608 - declared row types
    doc = msgspec.json.encode(row).decode()
    await database.execute(sql, row.id, home_of(row.id), TENANT, doc, *values)
