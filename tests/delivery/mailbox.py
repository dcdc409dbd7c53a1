"""A mail server on loopback that remembers what it took, and answers as a test wants."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from hub.dev.embedded.server import free_port


@dataclass(slots=True)
class Mailbox:
    """What it heard, in order; an answer is for each mail, the last for all that follow."""

    url: str = ""
    answers: list[str] = field(default_factory=lambda: ["250 taken"])
    pause: float = 0.0
    rejected: tuple[str, ...] = ()
    seen: list[EmailMessage] = field(default_factory=list)
    """Whatever it was handed, taken or not."""
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name, and what it gives
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take every recipient but some."""
        self.recipients.append(address)
        self.senders.append(envelope.mail_from)
        if address in self.rejected:
            return "550 there is no jane@example.org here"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer what is due."""
        await asyncio.sleep(self.pause)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        mail = message_from_bytes(envelope.content, policy=default)
        self.seen.append(mail)
        if answer.startswith("250"):
            self.taken.append(mail)
        return answer


@contextmanager
def listening() -> Iterator[Mailbox]:
    """A server for as long as the block."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield box
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    """What its reader sees."""
    return str(mail.get_content()).replace("\r\n", "\n")
