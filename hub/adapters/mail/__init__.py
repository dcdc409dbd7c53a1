"""Sends mails by SMTP, or writes them into a folder where there is no server."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from hub.domain.mailboxes import mailbox
from hub.domain.placeholders import is_placeholder

SECONDS = 20.0
"""For a whole mail, however slowly a server goes on."""
PERMANENT = 500
LONGEST_LINE = 998
"""Characters that a server has to take in one line."""
LONGEST_SUBJECT = 200
NO_DOMAIN = "warranty-hub.invalid"
SCHEMES = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}

OF_THIS_MAIL = (
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPDataError,
)
"""What a server says of a mail; whatever else it answers, it says of us."""


class MailError(Exception):
    """It was not sent; `code` is what the server answered, where it did."""

    def __init__(self, message: str, code: int | None = None) -> None:
        """Say why without what the server said: that may name the address."""
        super().__init__(message)
        self.code = code


class MailUnavailableError(MailError):
    """It was not sent now; it may be later."""


class MailRefusedError(MailError):
    """The server will never take it, or it is addressed to nobody."""


class MailAddressError(ValueError):
    """Where mails should go is no address of a server."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one mailbox."""

    to: str
    subject: str
    text: str
    message_id: str = ""
    """Without the brackets; a new one where it is left out."""
    sender: str = ""
    """Its mailbox, where that is not the hub's own."""
    name: str = ""
    """What the sender is called."""
    answers_to: str = ""


class Mailer(Protocol):
    """Sends one mail."""

    async def send(self, mail: Mail) -> str:
        """Send it; gives what was said to that."""


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

    async def send(self, mail: Mail) -> str:
        """Hand it to the server.

        Raises:
            MailUnavailableError: it does not answer, or asks to come again.
            MailRefusedError: it will not have it.

        """
        try:
            async with asyncio.timeout(SECONDS):
                return await self._send(_message(self.sender, mail))
        except aiosmtplib.SMTPRecipientsRefused as error:
            worst = max(one.code for one in error.recipients)
            raise _refused(worst) from error
        except OF_THIS_MAIL as error:
            raise _refused(error.code) from error
        except aiosmtplib.SMTPResponseException as error:
            # It refuses us, not the mail: a wrong password is no reason to throw mails away.
            raise MailUnavailableError(_answered(error.code), error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailableError(type(error).__name__) from error

    async def _send(self, message: EmailMessage) -> str:
        parts = urlsplit(self.url)
        _, said = await aiosmtplib.send(
            message,
            sender=_bare(message["From"]),
            recipients=[_bare(message["To"])],
            hostname=parts.hostname,
            port=parts.port or SCHEMES[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp+starttls",
            timeout=SECONDS,
        )
        return said


def _bare(header: Any) -> str:
    """The mailbox that stands in a header."""
    return str(header.addresses[0].addr_spec)


def _refused(code: int) -> MailError:
    kind = MailRefusedError if code >= PERMANENT else MailUnavailableError
    return kind(_answered(code), code)


def _answered(code: int) -> str:
    return f"the mail server answers {code}"


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder into which mails are written, for a laptop and the demo."""

    folder: Path
    sender: str

    async def send(self, mail: Mail) -> str:
        """Write it as a file that a mail program opens."""
        await asyncio.to_thread(self._write, _message(self.sender, mail))
        return "written into the folder of mails"

    def _write(self, message: EmailMessage) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.eml"
            path.touch(0o600)
            path.write_bytes(message.as_bytes())
        except OSError as error:
            raise MailUnavailableError(type(error).__name__) from error


def _message(own: str, mail: Mail) -> EmailMessage:
    if is_placeholder(mail.to):
        raise MailRefusedError("it is addressed to nobody: the hub made that address up")
    message = EmailMessage()
    try:
        message["To"] = Address(addr_spec=mailbox(mail.to))
        message["From"] = _from(own, mail)
        if mail.answers_to:
            message["Reply-To"] = Address(addr_spec=mailbox(mail.answers_to))
    except ValueError as error:
        raise MailRefusedError("an address of it is none") from error
    message["Subject"] = _line(mail.subject)
    own_id = f"<{mail.message_id}>" if mail.message_id else make_msgid(domain=NO_DOMAIN)
    message["Date"], message["Message-ID"] = formatdate(), own_id
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable would break a link in two, and not every reader puts it together again.
    text = mail.text
    bare = text.isascii() and max(map(len, text.splitlines()), default=0) <= LONGEST_LINE
    message.set_content(text, cte="7bit" if bare else None)
    return message


def _from(own: str, mail: Mail) -> Address:
    name, address = parseaddr(own)
    return Address(_line(mail.name) or name, addr_spec=mailbox(mail.sender or address))


def _line(text: str) -> str:
    """The text in one line, without what ends or hides one."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:LONGEST_SUBJECT].strip()
