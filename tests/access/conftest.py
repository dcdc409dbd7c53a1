"""People of a merchant, and the doors they come through."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
import pytest

from hub.access.admission import Admission, admission
from hub.access.keyring import Keyring
from hub.access.keys import COMMAND
from hub.access.limits import LOAD, SYSTEM, Limit, set_limits
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Letter, Wording
from hub.access.sessions import Begun
from hub.access.tenants import put
from hub.adapters.postgres import Database, connect_for_tenants

TENANT, OTHER = "acme", "globex"
EMAIL, PASSWORD = "ada@example.org", "a sentence nobody guesses"
WORDING = Wording("http://hub.invalid")
MASTER = b"k" * 32
KEYRING = Keyring(MASTER)


@dataclass(slots=True)
class Door:
    """A door, and what stands in the mailboxes of those who come."""

    admission: Admission
    database: Database
    read: list[Letter] = field(default_factory=list)

    async def invited(
        self, email: str = EMAIL, role: Role = Role.SALES_STAFF, tenant: str = TENANT
    ) -> str:
        """Somebody who was sent a mail."""
        async with self.database.transaction() as queries:
            asked = Invitation(tenant, email, role)
            return await invite(queries, KEYRING, asked, COMMAND, WORDING)

    async def mails(self) -> list[Letter]:
        """What is on its way, in order; it is gone then."""
        await self.admission.errands.done()
        rows = await self.database.fetch("select tenant, sealed from mail order by n")
        await self.database.execute("delete from mail")
        return [
            msgspec.json.decode(KEYRING.open(row["tenant"], row["sealed"]), type=Letter)
            for row in rows
        ]

    async def token(self) -> str:
        """What the last mail brings."""
        (letter,) = await self.mails()
        return letter.text.partition("#")[2].split()[0]

    async def somebody(
        self, email: str = EMAIL, role: Role = Role.SALES_STAFF, tenant: str = TENANT
    ) -> str:
        """Somebody with a password."""
        person = await self.invited(email, role, tenant)
        assert await self.admission.signing_in.choose(await self.token(), PASSWORD)
        return person

    async def login(
        self, email: str = EMAIL, password: str = PASSWORD, tenant: str = TENANT
    ) -> Begun | None:
        return await self.admission.signing_in.login(tenant, email, password, "192.0.2.1")

    async def begun(self, email: str = EMAIL, tenant: str = TENANT) -> Begun:
        """A session of somebody."""
        found = await self.login(email, tenant=tenant)
        assert found is not None
        return found

    async def audited(self) -> list[str]:
        """What was done, in order."""
        await self.admission.errands.done()
        sql = "select action from audit_entry where action <> 'limits:changed' order by n"
        return [row[0] for row in await self.database.fetch(sql)]


@pytest.fixture
async def door(database: Database, dsn: str) -> AsyncIterator[Door]:
    """A door that remembers nobody, so that each question is asked of the store."""
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
        await set_limits(database, tenant, LOAD | {Limit.AUTH: 1_000_000}, SYSTEM)
    pool = await connect_for_tenants(dsn, size=4)
    yield Door(admission(pool, KEYRING, url="http://hub.invalid", remembered=0), database)
    await pool.close()
