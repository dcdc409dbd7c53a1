"""Signing in with an e-mail address and a password: nobody learns from it who is known here."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from hub.access import sessions, single_use
from hub.access.errands import Errands
from hub.access.keyring import Keyring
from hub.access.passwords import Passwords, check
from hub.access.people import BY_EMAIL, KNOWN, email_hash
from hub.access.permissions import Role
from hub.access.post import Letter, Wording, queue
from hub.access.sessions import Begun
from hub.access.tenants import NAME
from hub.adapters.postgres import TenantDatabase
from hub.audit.entries import NOBODY, By, Entry, record

NOTED_SECONDS = 60.0
"""So often at most a failed login of one account is written down."""
REMEMBERED = 1_000

CHOOSE = """
update person set password = $2, state = 'active', changed_at = now()
 where id = $1 and state <> 'inactive' returning id, role
"""
# Whoever chooses another password, or lets him go, ends every session there is: this one is either among
# them, or does not begin.
STILL = "select role from person where id = $1 and password = $2 and state = 'active' for share"
EMAIL_OF = "select email from person where id = $1"


@dataclass(slots=True)
class SigningIn:
    """Logins, and passwords that were forgotten."""

    database: TenantDatabase
    keyring: Keyring
    errands: Errands
    wording: Wording
    passwords: Passwords = field(default_factory=Passwords)
    _noted: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def account(self, tenant: str, email: str) -> str:
        """What tries at one account are counted under; the same whether there is such an account."""
        return f"account/{email_hash(self.keyring, tenant, email)}"

    async def login(self, tenant: str, email: str, password: str, peer: str) -> Begun | None:
        """A session; None for any reason whatsoever, after the same work.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        hashed = email_hash(self.keyring, tenant, email)
        async with self.database.speaking_for(tenant if NAME.match(tenant) else "") as queries:
            rows = await queries.fetch(BY_EMAIL, tenant, hashed)
        row = rows[0] if rows and rows[0]["state"] == "active" else None
        is_right = await self.passwords.fits(password, row["password"] if row else None)
        begun = await self._begun(tenant, row, peer) if row is not None and is_right else None
        if begun is None:
            self._note_failure(tenant, hashed, rows[0]["id"] if rows else "", peer)
        return begun

    async def _begun(self, tenant: str, row: Any, peer: str) -> Begun | None:
        """A session of whoever knew this password; None where it is another one by now."""
        async with self.database.transaction_for(tenant) as queries:
            still = await queries.fetch(STILL, row["id"], row["password"])
            if not still:
                return None
            role = Role(still[0]["role"])
            begun = await sessions.begin(queries, tenant, row["id"], role)
            entry = Entry(
                tenant=tenant,
                action="login:succeeded",
                subject=begun.id,
                by=By(kind="person", id=row["id"], role=role),
                origin=_place(peer),
            )
            await record(queries, entry)
        return begun

    def _note_failure(self, tenant: str, hashed: str, person: str, peer: str) -> None:
        """Have it written down afterwards, if there is such a tenant; never by which address."""
        now = time.monotonic()
        if now - self._noted.get(f"{tenant}/{hashed}", float("-inf")) < NOTED_SECONDS:
            return
        self._noted[f"{tenant}/{hashed}"] = now
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        entry = Entry(
            tenant=tenant,
            action="login:failed",
            subject=person or "nobody known",
            by=NOBODY,
            origin=_place(peer),
        )

        async def note() -> None:
            async with self.database.speaking_for(tenant) as queries:
                if await queries.fetch(KNOWN, tenant):
                    await record(queries, entry)

        self.errands.add(note)

    def forgot(self, tenant: str, email: str) -> None:
        """Have a mail sent to whoever has that address, if anybody does; all of it afterwards."""
        hashed = email_hash(self.keyring, tenant, email)

        async def send() -> None:
            async with self.database.transaction_for(tenant) as queries:
                rows = await queries.fetch(BY_EMAIL, tenant, hashed)
                if not rows or rows[0]["state"] != "active":
                    return
                person = rows[0]["id"]
                token = await single_use.offer(queries, tenant, person, single_use.RESET)
                kept = await queries.fetch(EMAIL_OF, person)
                address = (await self.keyring.opened(tenant, kept[0]["email"])).decode()
                letter = Letter("reset", address, *self.wording.reset(tenant, token))
                await queue(queries, self.keyring, tenant, letter)
                entry = Entry(tenant=tenant, action="password:forgotten", subject=person, by=NOBODY)
                await record(queries, entry)

        self.errands.add(send)

    async def choose(self, token: str, password: str) -> bool:
        """Take a password from whoever holds a single-use token; every session ends.

        Raises:
            PasswordError: no such password can be chosen; the token is good still.
            StoreUnavailableError: it cannot be done now.

        """
        check(password)
        tenant = single_use.whose(token)
        if tenant is None:
            return False
        kept = await self.passwords.hashed(password)
        async with self.database.transaction_for(tenant) as queries:
            person = await single_use.take(queries, token)
            for row in await queries.fetch(EMAIL_OF, person) if person else ():
                check(password, self.keyring.open(tenant, row["email"]).decode())
            rows = await queries.fetch(CHOOSE, person, kept) if person else []
            if not person or not rows:
                return False
            by = By(kind="person", id=person, role=rows[0]["role"])
            await sessions.end_all(queries, tenant, person, "a new password was chosen", by)
            await record(
                queries, Entry(tenant=tenant, action="password:chosen", subject=person, by=by)
            )
        return True


SALT = secrets.token_bytes(16)


def _place(peer: str) -> str:
    """From where, told apart while this process runs, and never to be found out afterwards."""
    return f"peer/{sha256(SALT + peer.encode('utf-8', 'replace')).hexdigest()[:12]}"
