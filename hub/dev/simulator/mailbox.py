"""The mail server of all customers: it takes mails, asks for some of them again, and now and then one is full."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP

from hub.dev.simulator.behaviour import Troubles
from hub.dev.simulator.taken import MESSAGE

MAIL = "mail"
BUSY, FULL = 0.15, 0.02
"""So often it asks to come again, and so often a customer's mailbox is full when a mail comes first."""
TAKEN, LATER, REFUSED = "250 taken", "451 busy, come again", "552 the mailbox is full"


@dataclass(slots=True)
class Mailbox:
    """Whatever address it is for, it ends up here."""

    chance: random.Random
    took: Callable[[str, str], None] = lambda _name, _message: None
    """Is told `mail` and the Message-ID of each mail that is taken, before that is said."""
    troubles: Troubles = field(default_factory=Troubles)
    answers: Counter[str] = field(default_factory=Counter)
    """By what was said."""
    subjects: Counter[str] = field(default_factory=Counter)
    """Of the mails that were taken."""
    _full: set[str] = field(default_factory=set)
    """Mails that found a full mailbox; by the next time its owner has tidied up."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer a mail."""
        mail = message_from_bytes(envelope.content, policy=default)
        message = str(mail["message-id"]).strip("<>")
        said = self.answer(message)
        self.answers[said] += 1
        if said == TAKEN:
            self.took(MAIL, message)
            self.subjects[str(mail["subject"])] += 1
        return said

    def answer(self, message: str) -> str:
        """What is said to a mail of that id."""
        if not MESSAGE.fullmatch(message):
            return "550 it has no Message-ID"
        luck = self.chance.random()
        if luck < FULL and message not in self._full:
            self._full.add(message)
            return REFUSED
        if luck < FULL + BUSY and self.troubles.next(message) is not None:
            return LATER
        self.troubles.forget(message)
        return TAKEN


@asynccontextmanager
async def mailing(box: Mailbox, port: int) -> AsyncIterator[int]:
    """The server, while the block runs; gives its port. A port of 0 is any."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(box, loop=loop, hostname="mailbox.invalid", ident="mailbox")

    server = await loop.create_server(protocol, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
