"""Somebody of each role at one merchant, so that the pages and the API can be walked as each."""

import secrets

from hub import bootstrap
from hub.access import single_use
from hub.access.admission import admission
from hub.access.keyring import Keyring
from hub.access.keys import COMMAND
from hub.access.people import Invitation, invite, people
from hub.access.permissions import STAFF, Role
from hub.access.post import Wording
from hub.adapters.postgres import Database, Queries
from hub.bootstrap.ingress import tenant_database
from hub.dev.simulator import staff
from hub.settings import Settings

TENANT = "voltage"
"""Where they work."""


def address(role: Role) -> str:
    """Under what somebody signs in."""
    return staff.address(TENANT, role)


async def hire(settings: Settings, database: Database, known: str) -> str:
    """Have somebody of each role; gives the password they share, which is `known` where they are there already."""
    keyring = await bootstrap.knowing(settings, database)
    there = {one.email for one in await people(database, keyring, TENANT) if one.state == "active"}
    new = [role for role in STAFF if address(role) not in there]
    if known and not new:
        return known
    password = secrets.token_urlsafe(12)
    async with tenant_database(settings) as tenants:
        signing_in = admission(tenants, keyring, url=bootstrap.public_url(settings)).signing_in
        for role in STAFF:
            async with database.transaction() as queries:
                token = await _token(queries, keyring, role)
            await signing_in.choose(token, password)
    return password


async def _token(queries: Queries, keyring: Keyring, role: Role) -> str:
    """What somebody chooses a password with."""
    known = {one.email: one.id for one in await people(queries, keyring, TENANT)}
    person = known.get(address(role))
    if person is None:
        asked = Invitation(TENANT, address(role), role)
        person = await invite(queries, keyring, asked, COMMAND, Wording(""))
    return await single_use.offer(queries, TENANT, person, single_use.RESET)
