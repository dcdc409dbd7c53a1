"""Systems with a user name and a password: known by both, with one answer for everything else."""

import statistics
import time
from base64 import b64encode

import pytest

from hub.access import basic
from hub.access.basic import BasicNotPossibleError, BasicUsers, shown
from hub.access.keys import COMMAND
from hub.access.permissions import Role
from hub.adapters.postgres import Database
from tests.access.conftest import OTHER, TENANT, Door

servers = pytest.mark.servers


@servers
async def test_a_user_is_known_by_name_and_password_at_its_tenant(
    door: Door, database: Database
) -> None:
    password = await basic.issue(database, TENANT, "crm", COMMAND)
    users = door.admission.basic

    found = await users.principal(TENANT, "crm", password)

    assert found is not None
    assert (found.tenant, found.name, found.role) == (TENANT, "crm", Role.INTEGRATION)
    for tenant, name, tried in (
        (OTHER, "crm", password),
        (TENANT, "erp", password),
        (TENANT, "crm", password[:-1]),
        (TENANT, "crm", ""),
        (TENANT, "crm", "x" * 10_000),
        ("no such", "crm", password),
        (TENANT, "' or 1=1 --", password),
    ):
        assert await users.principal(tenant, name, tried) is None


@servers
async def test_a_new_password_ends_the_old_and_a_revoked_user_is_nobody(
    door: Door, database: Database
) -> None:
    first = await basic.issue(database, TENANT, "crm", COMMAND)
    second = await basic.issue(database, TENANT, "crm", COMMAND)
    assert await door.admission.basic.principal(TENANT, "crm", first) is None
    assert await door.admission.basic.principal(TENANT, "crm", second) is not None

    await basic.revoke(database, TENANT, "crm", COMMAND)

    assert await door.admission.basic.principal(TENANT, "crm", second) is None
    assert await door.audited() == [
        *("basic:issued", "basic:issued", "basic:revoked", "basic:refused"),
    ]
    with pytest.raises(BasicNotPossibleError):
        await basic.issue(database, TENANT, "crm", COMMAND, "owner")
    with pytest.raises(BasicNotPossibleError):
        await basic.revoke(database, TENANT, "crm", COMMAND)


@servers
async def test_a_right_password_is_hashed_once_in_a_while(door: Door, database: Database) -> None:
    password = await basic.issue(database, TENANT, "crm", COMMAND)
    users = BasicUsers(door.admission.database)
    await users.principal(TENANT, "crm", password)
    began = time.process_time()

    for _ in range(100):
        assert await users.principal(TENANT, "crm", password) is not None

    assert time.process_time() - began < 0.1


@servers
async def test_a_refusal_is_written_down_after_its_answer_and_once_a_minute(
    door: Door, database: Database
) -> None:
    """Or how long it takes would tell who is known, and guesses would fill the audit."""
    await basic.issue(database, TENANT, "crm", COMMAND)
    refused = "select count(*)::int from audit_entry where action = 'basic:refused'"

    for _ in range(3):
        await door.admission.basic.principal(TENANT, "crm", "wrong")

    assert await database.fetchval(refused) == 0
    await door.admission.errands.done()
    assert await database.fetchval(refused) == 1


@servers
@pytest.mark.parametrize("name", ["usr-0123456789abcdef01234567", "crm\n"])
async def test_no_user_has_a_name_that_people_or_no_source_may_have(
    door: Door, database: Database, name: str
) -> None:
    with pytest.raises(BasicNotPossibleError):
        await basic.issue(database, TENANT, name, COMMAND)


@servers
async def test_an_unknown_user_takes_as_long_as_a_wrong_password(
    door: Door, database: Database
) -> None:
    await basic.issue(database, TENANT, "crm", COMMAND)
    users = door.admission.basic
    await users.principal(TENANT, "erp", "warm")
    took: dict[str, list[float]] = {"crm": [], "erp": []}
    for _ in range(25):
        for name, times in took.items():
            began = time.process_time()
            assert await users.principal(TENANT, name, "wrong") is None
            times.append(time.process_time() - began)

    assert 0.6 < statistics.median(took["crm"]) / statistics.median(took["erp"]) < 1.6


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer x",
        "Basic " + b64encode(b"no colon").decode(),
        "Basic /w==",
        "Basic " + "A" * 2_000,
    ],
)
def test_what_holds_no_name_and_password_is_none(header: str) -> None:
    assert shown(header) is None


def test_a_password_may_hold_a_colon() -> None:
    assert shown("basic " + b64encode("crm:a:é".encode()).decode()) == ("crm", "a:é")
