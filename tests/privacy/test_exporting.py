"""What is kept of one person, given out whole, and nothing of anybody else."""

import json

import pytest

from hub.audit.entries import By
from hub.privacy.exporting import export
from hub.privacy.people import known
from hub.privacy.requests import note_export
from hub.recovery.today import Today
from tests.privacy.test_erasing import ADA, BOB, decided
from tests.trail.conftest import TENANT, Hub, sale

pytestmark = pytest.mark.servers


async def test_tells_contact_warranties_history_notes_and_audit(hub: Hub, today: Today) -> None:
    bad = sale("R-3", customer=ADA, lines=[])
    more = {"birth_date": "1990-05-01", "identification": "U-7"}
    told = (sale("R-1", serial="SN-1", customer=ADA | more), sale("R-2", customer=BOB), bad)
    await hub.say(*told)
    await decided(hub, *told)
    await hub.database.execute(
        "insert into staff_action (tenant, by, verb, event_id, correlation, text)"
        " values ($1, 'x', 'note', 'evt-R-1', 'evt-R-1', 'called twice'), ($1, 'x', 'note', 'evt-R-2', 'e', 'no')",
        TENANT,
    )

    found = await export(hub.database, today, TENANT, known("email", ADA["email"]))
    by = By(kind="person", id="usr_1")
    await note_export(hub.database, TENANT, by, found.figures, why="she asked")

    assert [(one.name, one.email) for one in found.contacts] == [(ADA["name"], ADA["email"])]
    assert [(str(one.birth_date), one.identification) for one in found.contacts] == [
        ("1990-05-01", "U-7")
    ]
    (unit,) = [json.loads(bytes(one)) for one in found.warranties]
    assert (unit["serial"], unit["customer"]) == ("SN-1", found.contacts[0].customer)
    assert {line.event_id for line in found.history} >= {"evt-R-1"}
    assert "evt-R-2" not in {line.event_id for line in found.history}
    assert [note.text for note in found.notes] == ["called twice"]
    assert [one.state for one in found.waiting] == []
    assert found.complete
    mine = "select action, doc::text as doc from audit_entry where by_kind = 'person'"
    rows = await hub.database.fetch(mine)
    assert [row["action"] for row in rows] == ["person:exported"]
    assert json.loads(rows[0]["doc"])["warranties"] == 1


async def test_nobody_is_an_empty_document(hub: Hub, today: Today) -> None:
    found = await export(hub.database, today, TENANT, known("email", "nobody@example.org"))

    assert found.figures == dict.fromkeys(found.figures, 0)
