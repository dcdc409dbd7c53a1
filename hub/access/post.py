"""Mails to people: written into the transaction that they tell of, sent by whoever is free.

A mail is a row, sealed with its tenant's key, until it is sent; then it is gone. One that is sent twice,
because a sender ended in between, is harmless: what it brings can be used once.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
import structlog

from hub.access.keyring import Keyring, SealError
from hub.adapters.mail import Mail, Mailer, MailRefusedError, MailUnavailableError
from hub.adapters.postgres import Queries, TenantDatabase
from hub.sdk.failures import StoreUnavailableError

log = structlog.get_logger()

AT_ONCE = 5
"""Taken together, sent one after the other: all within the lease, or another would send some too."""
LOOK_SECONDS = 1.0
LEASE_SECONDS = 120.0
"""Whoever took a mail has so long to send it before another takes it too."""
PAUSES = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 7200.0)
"""Before each next attempt; after the last one a mail is given up."""
FORGET_SECONDS = 60.0

PUT = "insert into mail (tenant, purpose, sealed) values ($1, $2, $3)"
DUE = "select n, tenant, sealed, attempts from hub_mail_due($1, $2)"
DONE = "select hub_mail_done($1)"
LATER = "select hub_mail_later($1, $2)"
FORGET = "select hub_forget_old()"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is sent."""

    purpose: str
    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What people are told; links lead to where the outside reaches us."""

    url: str

    def invite(self, tenant: str, token: str) -> tuple[str, str]:
        """Subject and text for somebody who was added."""
        text = (
            f"Somebody at {tenant} has given you access to Warranty Hub.\n\n"
            f"Choose a password within three days:\n\n{self._choose(token)}\n\n"
            "If you did not expect this, do nothing.\n"
        )
        return f"You may sign in to the warranties of {tenant}", text

    def reset(self, tenant: str, token: str) -> tuple[str, str]:
        """Subject and text for somebody who forgot their password."""
        text = (
            "Somebody asked for a new password for this address.\n\n"
            f"Choose one within 30 minutes:\n\n{self._choose(token)}\n\n"
            "It can be used once, and signs you out everywhere. If it was not you, do nothing: "
            "nothing has changed.\n"
        )
        return f"A new password for the warranties of {tenant}", text

    def _choose(self, token: str) -> str:
        # Behind the `#`, where no server and no log sees it.
        return f"{self.url.rstrip('/')}/choose-password#{quote(token)}"


async def queue(queries: Queries, keyring: Keyring, tenant: str, letter: Letter) -> None:
    """Have a mail sent, once the caller's transaction has committed."""
    sealed = keyring.seal(tenant, msgspec.json.encode(letter))
    await queries.execute(PUT, tenant, letter.purpose, sealed)


@dataclass(slots=True)
class Postman:
    """Sends what is due; several may, each mail is one's at a time."""

    database: TenantDatabase
    keyring: Keyring
    mailer: Mailer
    _forgot_at: float = float("-inf")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                sent = await self.round()
            except StoreUnavailableError as error:
                log.warning("mail.waited", reason=str(error))
                sent = 0
            if not sent:
                await asyncio.sleep(LOOK_SECONDS)

    async def round(self) -> int:
        """Send what is due now; how many were looked at."""
        now = asyncio.get_running_loop().time()
        if now - self._forgot_at > FORGET_SECONDS:
            self._forgot_at = now
            await self.database.fetch(FORGET)
        due = await self.database.fetch(DUE, AT_ONCE, LEASE_SECONDS)
        for row in due:
            await self._send(row["n"], row["tenant"], row["sealed"], row["attempts"])
        return len(due)

    async def _send(self, n: int, tenant: str, sealed: bytes, attempts: int) -> None:
        try:
            body = await self.keyring.opened(tenant, sealed)
            letter = msgspec.json.decode(body, type=Letter)
            await self.mailer.send(Mail(letter.to, letter.subject, letter.text))
        except MailUnavailableError as error:
            if attempts <= len(PAUSES):
                log.warning("mail.waited", tenant=tenant, attempt=attempts, reason=str(error))
                await self.database.fetch(LATER, n, PAUSES[attempts - 1])
                return
            log.warning("mail.given_up", tenant=tenant, attempt=attempts, reason=str(error))
        except (MailRefusedError, SealError) as error:
            log.warning("mail.given_up", tenant=tenant, attempt=attempts, reason=str(error))
        await self.database.fetch(DONE, n)
