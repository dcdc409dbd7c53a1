"""Whoever was reported before there were customers is one afterwards, found by e-mail and by phone."""

from importlib.resources import files

import pytest

from hub.adapters.postgres import Database
from schemas.refs import SEPARATOR, customer_home, customer_id

pytestmark = pytest.mark.servers
CONTACT = """
insert into contact (tenant, ref, email_hash, phone_hash, digest, sealed, seen_at)
values ('acme', $1, $2, $3, '', '', now() - make_interval(days => $4))
"""
VERSIONS = files("hub.adapters.postgres.migrations.versions")


async def test_older_contacts_lead_to_their_customers(database: Database) -> None:
    ada, bob, eve = (customer_id("acme", one) for one in ("e-ada", "e-bob", "p-eve"))
    for ref, email, phone, days in (
        (bob, "e-bob", "p-shared", 1),
        (ada, "e-ada", "p-shared", 2),
        (eve, None, "p-eve", 3),
    ):
        await database.execute(CONTACT, ref, email, phone, days)
    sql = VERSIONS.joinpath("pre_0019_customers.sql").read_text("utf-8")

    await database.execute(sql[sql.index("insert into name") :])

    rows = await database.fetch("select kind, value, id, home from name order by kind, value")
    assert [tuple(row) for row in rows if row["kind"] != "customer"] == [
        ("email", "e-ada", ada, customer_home(ada)),
        ("email", "e-bob", bob, customer_home(bob)),
        ("phone", "p-eve", eve, customer_home(eve)),
        ("phone", "p-shared", ada, customer_home(ada)),
    ]
    called = {row["value"].split(SEPARATOR)[0] for row in rows if row["kind"] == "customer"}
    assert called == {ada, bob, eve}
