"""Sends mails by SMTP, or writes them into a folder where there is no server."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from hub.domain.placeholders import is_placeholder

SECONDS = 20.0
"""For a whole mail, however slowly a server goes on."""
PERMANENT = 500
LONGEST_LINE = 998
"""Characters that a server has to take in one line."""
SCHEMES = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class MailUnavailableError(Exception):
    """It was not sent now; it may be later."""


class MailRefusedError(Exception):
    """The server will never take it, or it is addressed to nobody."""


class MailAddressError(ValueError):
    """Where mails should go is no address of a server."""


class Mailer(Protocol):
    """Sends one mail."""

    async def send(self, to: str, subject: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Smtp:
    """A server, as `smtp://user:password@host:port` names it."""

    url: str
    sender: str

    def __post_init__(self) -> None:
        """Look at the address before the first mail needs it."""
        parts = urlsplit(self.url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            known = ", ".join(f"{one}://" for one in SCHEMES)
            raise MailAddressError(f"no server is named there; begin with one of {known}")

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand it to the server.

        Raises:
            MailUnavailableError: it does not answer, or asks to come again.
            MailRefusedError: it will not have it.

        """
        try:
            async with asyncio.timeout(SECONDS):
                await self._send(_message(self.sender, to, subject, text))
        except aiosmtplib.SMTPRecipientsRefused as error:
            worst = max(one.code for one in error.recipients)
            raise _refused(worst) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailableError(type(error).__name__) from error

    async def _send(self, message: EmailMessage) -> None:
        parts = urlsplit(self.url)
        await aiosmtplib.send(
            message,
            hostname=parts.hostname,
            port=parts.port or SCHEMES[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp+starttls",
            timeout=SECONDS,
        )


def _refused(code: int) -> Exception:
    """Without what the server said, which may name the address."""
    said = f"the mail server answers {code}"
    return MailRefusedError(said) if code >= PERMANENT else MailUnavailableError(said)


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder into which mails are written, for a laptop and the demo."""

    folder: Path
    sender: str

    async def send(self, to: str, subject: str, text: str) -> None:
        """Write it as a file that a mail program opens."""
        await asyncio.to_thread(self._write, _message(self.sender, to, subject, text))

    def _write(self, message: EmailMessage) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.eml"
            path.touch(0o600)
            path.write_bytes(message.as_bytes())
        except OSError as error:
            raise MailUnavailableError(type(error).__name__) from error


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    if is_placeholder(to):
        raise MailRefusedError("it is addressed to nobody: the hub made that address up")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="warranty-hub.invalid")
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable would break a link in two, and not every reader puts it together again.
    bare = text.isascii() and max(map(len, text.splitlines()), default=0) <= LONGEST_LINE
    message.set_content(text, cte="7bit" if bare else None)
    return message
