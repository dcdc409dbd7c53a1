"""Mails leave by whoever is free: each once where all goes well, later where the server is away."""

import asyncio
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from hub.access import post
from hub.access.keyring import Keyring
from hub.access.post import Letter, Postman, queue
from hub.access.tenant_keys import followed, new_version
from hub.adapters import mail
from hub.adapters.mail import (
    Mail,
    MailAddressError,
    MailFolder,
    MailRefusedError,
    MailUnavailableError,
    Smtp,
)
from hub.adapters.postgres import Database
from hub.dev.embedded.server import free_port
from hub.domain.mailboxes import mailbox as mailbox_of
from hub.domain.placeholders import placeholder_email
from tests.access.conftest import EMAIL, KEYRING, MASTER, TENANT, Door

servers = pytest.mark.servers
HEADERS = {
    *("To", "From", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}


class Mailbox:
    """A mail server's inside, which answers as it is told."""

    def __init__(self) -> None:
        """Take everything, until told otherwise."""
        self.answer = "250 taken"
        self.pause = 0.0
        self.taken: list[Message] = []
        self.recipients: list[str] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name, and what it gives
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.pause)
        envelope.rcpt_tos.append(address)
        self.recipients.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(self.pause)
        if self.answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture
def mailbox() -> Any:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.url = f"smtp://127.0.0.1:{controller.port}"  # type: ignore[attr-defined]
    yield box
    controller.stop()


async def test_a_mail_reaches_a_server(mailbox: Any) -> None:
    await Smtp(mailbox.url, "hub@example.org").send(Mail(EMAIL, "Welcome", "Choose: é\n"))

    (mail,) = mailbox.taken
    assert (mail["To"], mail["From"], mail["Subject"]) == (EMAIL, "hub@example.org", "Welcome")


async def test_a_link_in_a_file_stands_in_one_line_for_whoever_copies_it(tmp_path: Path) -> None:
    link = f"http://127.0.0.1:27775/choose-password#{'x' * 120}"

    await MailFolder(tmp_path, "hub@example.org").send(
        Mail(EMAIL, "Welcome", f"Choose:\n\n{link}\n")
    )

    (file,) = tmp_path.iterdir()  # noqa: ASYNC240 - a folder of this test
    assert link in file.read_text().splitlines()
    assert file.name[0].isdigit()


async def test_nothing_is_ever_sent_to_a_placeholder(mailbox: Any, tmp_path: Path) -> None:
    nobody = placeholder_email("acme", "O-1")
    for mailer in (Smtp(mailbox.url, "hub@example.org"), MailFolder(tmp_path, "hub@example.org")):
        with pytest.raises(MailRefusedError, match="nobody"):
            await mailer.send(Mail(nobody.upper(), "Welcome", "Choose\n"))
    assert not mailbox.taken
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 - a folder of this test


async def test_what_a_server_says_decides_whether_it_is_tried_again(mailbox: Any) -> None:
    smtp = Smtp(mailbox.url, "hub@example.org")
    mailbox.answer = "451 later"
    with pytest.raises(MailUnavailableError):
        await smtp.send(Mail(EMAIL, "x", "y"))
    mailbox.answer = "554 never"
    with pytest.raises(MailRefusedError):
        await smtp.send(Mail(EMAIL, "x", "y"))
    with pytest.raises(MailUnavailableError):
        await Smtp(f"smtp://127.0.0.1:{free_port()}", "a@b").send(Mail(EMAIL, "x", "y"))
    with pytest.raises(MailAddressError):
        Smtp("http://mail", "a@b")


async def test_a_server_that_refuses_us_loses_no_mail_for_it(mailbox: Any) -> None:
    url = mailbox.url.replace("smtp://", "smtp://hub:wrong@")

    with pytest.raises(MailUnavailableError):
        await Smtp(url, "hub@example.org").send(Mail(EMAIL, "x", "y"))
    assert not mailbox.taken


async def test_no_line_of_a_subject_or_a_name_becomes_a_header(mailbox: Any) -> None:
    hostile = "Hello\r\nBcc: other@example.org\r\n\r\nand a body\u2028of\x00 its own"
    smtp = Smtp(mailbox.url, "Hub <hub@example.org>")
    await smtp.send(Mail(EMAIL, hostile, "text\n", name=hostile, message_id="msg_1@example.org"))

    (mail,) = mailbox.taken
    assert set(mail.keys()) <= HEADERS
    assert (mail["From"].count("@"), mail["Subject"].startswith("Hello Bcc: other@")) == (2, True)
    assert mail["Message-ID"] == "<msg_1@example.org>"
    assert mailbox.recipients == [EMAIL]


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a b@example.org",
        "<a@example.org>",
        "a@example.org>",
        '"a\r\n"@example.org',
        "a@",
        "@example.org",
        "a@exa mple.org",
        "a@-example.org",
        "a@example..org",
        "é@example.org",
        "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org",
        "a@[127.0.0.1]",
        "",
    ],
)
async def test_what_is_not_one_mailbox_is_sent_nothing(mailbox: Any, address: str) -> None:
    smtp = Smtp(mailbox.url, "hub@example.org")
    for one in (
        Mail(address, "x", "y"),
        Mail(EMAIL, "x", "y", sender=address or "@"),
        Mail(EMAIL, "x", "y", answers_to=address or "@"),
    ):
        with pytest.raises(MailRefusedError):
            await smtp.send(one)
    assert not mailbox.taken


def test_a_domain_is_written_as_servers_read_it() -> None:
    assert mailbox_of(" jane@bücher.example ") == "jane@xn--bcher-kva.example"


async def test_a_server_that_dawdles_is_one_that_is_away(
    mailbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers every command in time, and yet a mail takes longer than it may."""
    monkeypatch.setattr(mail, "SECONDS", 0.5)
    mailbox.pause = 0.3

    with pytest.raises(MailUnavailableError):
        await Smtp(mailbox.url, "hub@example.org").send(Mail(EMAIL, "x", "y"))


def test_a_sender_keeps_no_mail_for_longer_than_it_has_it_alone() -> None:
    assert post.AT_ONCE * mail.SECONDS < post.LEASE_SECONDS


@servers
async def test_each_mail_is_sent_once_by_several_senders(door: Door, mailbox: Any) -> None:
    for number in range(12):
        await door.invited(f"p{number}@example.org")
    smtp = Smtp(mailbox.url, "hub@example.org")
    postmen = [Postman(door.admission.database, KEYRING, smtp) for _ in range(3)]

    await asyncio.gather(*(one.round() for one in postmen))
    await postmen[0].round()

    assert sorted(one["To"] for one in mailbox.taken) == sorted(
        f"p{number}@example.org" for number in range(12)
    )
    assert await door.database.fetchval("select count(*) from mail") == 0


@servers
async def test_a_mail_waits_for_a_server_that_is_away(door: Door, mailbox: Any) -> None:
    await door.invited()
    postman = Postman(door.admission.database, KEYRING, Smtp(mailbox.url, "hub@example.org"))
    mailbox.answer = "451 later"
    await postman.round()
    assert await postman.round() == 0

    mailbox.answer = "250 taken"
    await door.database.execute("update mail set due_at = now()")
    await postman.round()

    assert len(mailbox.taken) == 1


@servers
async def test_a_mail_that_a_key_of_a_moment_ago_has_sealed_is_sent(
    door: Door, mailbox: Any
) -> None:
    """Whoever sends it has not heard of the key yet, because Postgres was away when it looked."""
    theirs, ours = Keyring(MASTER), Keyring(MASTER)
    await followed(ours, door.database)
    await new_version(door.database, theirs, TENANT, settle=0)
    await followed(theirs, door.database)
    letter = Letter("invite", EMAIL, "Welcome", "Choose.\n")
    async with door.database.transaction() as queries:
        await queue(queries, theirs, TENANT, letter)

    await Postman(door.admission.database, ours, Smtp(mailbox.url, "hub@example.org")).round()

    assert [one["To"] for one in mailbox.taken] == [EMAIL]


@servers
async def test_without_a_server_mails_are_files_that_only_the_hub_reads(
    door: Door, tmp_path: Path, database: Database
) -> None:
    await door.invited()
    folder = tmp_path / "mail"

    await Postman(door.admission.database, KEYRING, MailFolder(folder, "hub@example.org")).round()

    (file,) = folder.glob("*.eml")
    assert "http://hub.invalid/choose-password#whs_acme_" in file.read_bytes().decode().replace(
        "=\n", ""
    )
    assert file.stat().st_mode & 0o077 == 0
    assert await database.fetchval("select count(*) from mail") == 0
