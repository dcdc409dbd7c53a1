"""The audit over HTTP: searched, verified in pieces, sampled and reviewed; each caller in its own tenant."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.permissions import Role
from hub.adapters.postgres import connect
from hub.adapters.postgres.leases import Leases
from hub.audit.entries import By, Entry, record
from hub.audit.heads import Signer
from hub.audit.linking import Linker
from tests.api.conftest import Api, Hub

pytestmark = pytest.mark.servers
TENANT, OTHER = "acme", "globex/admin"
OWNER: str = Role.OWNER
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOME = "q5xi4o4sijxnpjh7"
ANN = By(kind="person", id="usr_ann", role="owner")
DECIDED = """
insert into audit_entry (tenant, at, action, subject, by_kind, by_id, doc)
select 'acme', $1::timestamptz, 'event:decided', $2, 'source', 'till',
       json_build_object('stage', 'decided', 'said', json_build_array(
         json_build_object('type', 'warranty.ended.v1', 'subject', 'wty_' || $2 || '_' || n)))
  from generate_series(1, 5) n
"""
FINE = [{"check": check, "code": "ok"} for check in ("evidence", "decision", "who", "wording")]


@pytest.fixture
async def seen(idle: Hub) -> Hub:
    """After the limits were set, five warranties of one purchase ended, and a key was issued."""
    await idle.database.execute(DECIDED, NOON, HOME)
    issued = Entry(tenant=TENANT, action="key:issued", subject="k9", by=ANN, why="A new till")
    await record(idle.database, issued)
    pool = await connect(idle.dsn, size=2)
    async with Leases(pool, "chain", 10).held("hub", "t/0") as lease:
        assert lease is not None
        await Linker(pool, Signer(b"k" * 32)).link(lease, TENANT)
    await pool.close()
    return idle


async def read(api: Api, path: str, tenant: str = OWNER, status: int = 200) -> Any:
    answer = await api.get(path, tenant)
    assert answer.status_code == status, answer.text
    return answer.json()


async def sent(api: Api, path: str, body: object, tenant: str = OWNER) -> tuple[int, Any]:
    async with api.client(tenant) as client:
        answer = await client.post(path, json=body)
        return answer.status_code, answer.json()


async def test_entries_are_found_by_who_what_and_why(seen: Hub) -> None:
    async with seen.api() as api:
        by_warranty = await read(api, f"/v1/audit?subject=wty_{HOME}_3")
        (issued,) = (await read(api, "/v1/audit?actor=usr_ann"))["entries"]
        by_action = await read(api, "/v1/audit?action=key:issued&text=NEW TILL")
        other = await read(api, f"/v1/audit?subject=wty_{HOME}_3", OTHER)
        await read(api, "/v1/audit?action=nonsense", status=422)

    assert len(by_warranty["entries"]) == 5
    assert {one["seq"] for one in by_warranty["entries"]} == {2, 3, 4, 5, 6}
    assert (issued["action"], issued["subject"], issued["why"]) == (
        "key:issued",
        "k9",
        "A new till",
    )
    assert (issued["role"], issued["actor"]) == ("owner", {"kind": "user", "name": "usr_ann"})
    assert [one["subject"] for one in by_action["entries"]] == ["k9"]
    assert other["entries"] == []


async def test_a_chain_is_verified_piece_by_piece(seen: Hub) -> None:
    async with seen.api() as api:
        first = await read(api, "/v1/audit/verify?rows=4")
        rest = await read(api, f"/v1/audit/verify?after={first['next']}")
        nothing = await read(api, "/v1/audit/verify", OTHER)
        async with seen.database.transaction() as tx:
            await tx.execute("set local session_replication_role = replica")
            await tx.execute("update audit_entry set by_id = 'usr_bob' where seq = 6")
        broken = await read(api, "/v1/audit/verify?tenant=acme", "hub")
        await read(api, "/v1/audit/verify?tenant=acme", OTHER, status=403)

    assert (first["now"]["holds"], first["now"]["last"], first["next"]) == (True, 4, 4)
    assert (rest["now"]["rows"], rest["next"], rest["before"]) == (3, None, None)
    assert (nothing["now"]["holds"], nothing["now"]["rows"]) == (True, 0)
    found = broken["now"]["found"]
    assert (found["kind"], found["seq"], broken["next"]) == ("changed", 6, None)


async def test_a_sample_is_drawn_once_and_each_record_reviewed_once(seen: Hub) -> None:
    wish = {"month": "2026-10", "size": 3, "seed": "s1"}
    async with seen.api() as api:
        made, drawn = await sent(api, "/v1/audit/samples", wish)
        again, same = await sent(api, "/v1/audit/samples", wish)
        name = drawn["sample"]["id"]
        path = f"/v1/audit/samples/{name}/records/1/review"
        reviewed = await sent(api, path, {"findings": FINE})
        twice = await sent(api, path, {"findings": FINE})
        short, said = await sent(api, path.replace("/1/", "/2/"), {"findings": FINE[:2]})
        missing, _ = await sent(api, path.replace("/1/", "/9/"), {"findings": FINE})
        (listed,) = (await read(api, "/v1/audit/samples?open=true"))["samples"]
        await read(api, f"/v1/audit/samples/{name}", OTHER, status=404)
        api.tokens["stranger"] = await api.person("globex", Role.OWNER)
        foreign, _ = await sent(api, path.replace("/1/", "/2/"), {"findings": FINE}, "stranger")
        early, refused = await sent(api, "/v1/audit/samples", wish | {"month": "2099-10"})
        machine, _ = await sent(api, f"{path}?tenant=acme", {"findings": FINE}, "hub")

    assert (made, again, same) == (201, 200, drawn)
    assert [one["kind"] for one in drawn["items"]] == ["warranty_ended"] * 3
    assert (reviewed[0], twice[0], foreign, missing) == (201, 409, 404, 404)
    assert (short, "answer each once" in said["detail"]) == (409, True)
    assert (listed["records"], listed["reviewed"]) == (3, 1)
    assert (early, "not over" in refused["detail"]) == (409, True)
    assert machine == 403


async def test_what_was_asked_of_samples_stands_in_the_audit(seen: Hub) -> None:
    async with seen.api() as api:
        _, drawn = await sent(api, "/v1/audit/samples", {"month": "2026-10", "size": 1})
        (entry,) = (await read(api, "/v1/audit?action=sample:drawn"))["entries"]

    assert (entry["subject"], entry["stage"]) == (drawn["sample"]["id"], "act")
    assert json.loads(json.dumps(entry["payload"]))["population"] == 5
