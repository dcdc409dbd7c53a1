"""The simulated mail server of customers."""

import random
from email.message import EmailMessage

import aiosmtplib
import pytest

from hub.dev.simulator.behaviour import MOST_TROUBLES
from hub.dev.simulator.mailbox import LATER, MAIL, REFUSED, TAKEN, Mailbox, mailing


class Chance(random.Random):
    """Always the same."""

    def __init__(self, luck: float) -> None:
        super().__init__()
        self.luck = luck

    def random(self) -> float:
        return self.luck


def test_a_full_mailbox_is_tidied_up_by_the_next_time() -> None:
    box = Mailbox(Chance(0.0))
    assert [box.answer("msg_1@acme") for _ in range(2 + MOST_TROUBLES)] == [
        REFUSED,
        *[LATER] * MOST_TROUBLES,
        TAKEN,
    ]


def test_a_busy_one_takes_in_the_end_what_comes_again() -> None:
    box = Mailbox(Chance(0.1))
    said = [box.answer("msg_1@acme") for _ in range(1 + MOST_TROUBLES)]
    assert said == [LATER] * MOST_TROUBLES + [TAKEN]


def test_most_mails_are_taken_at_once() -> None:
    box = Mailbox(random.Random(1))  # noqa: S311 - a test
    said = [box.answer(f"msg_{number}@acme") for number in range(300)]
    assert said.count(TAKEN) > 220
    assert {TAKEN, LATER, REFUSED} == set(said)


async def test_it_counts_what_it_took_by_subject() -> None:
    took: list[tuple[str, str]] = []
    box = Mailbox(Chance(0.9), lambda name, message: took.append((name, message)))
    async with mailing(box, 0) as port:
        for number in (1, 2):
            await aiosmtplib.send(mail(number), hostname="127.0.0.1", port=port)
    assert took == [(MAIL, "msg_1@voltage.example"), (MAIL, "msg_2@voltage.example")]
    assert box.subjects == {"Ihre Garantie für einen Kühlschrank": 2}
    assert box.answers == {TAKEN: 2}


async def test_a_mail_that_it_asks_for_again_is_not_counted_yet() -> None:
    box = Mailbox(Chance(0.1))
    async with mailing(box, 0) as port:
        with pytest.raises(aiosmtplib.SMTPDataError) as raised:
            await aiosmtplib.send(mail(1), hostname="127.0.0.1", port=port)
    assert raised.value.code == 451
    assert (box.subjects, box.answers) == ({}, {LATER: 1})


def mail(number: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "service@voltage.example", "buyer@example.invalid"
    message["Subject"] = "Ihre Garantie für einen Kühlschrank"
    message["Message-ID"] = f"<msg_{number}@voltage.example>"
    message.set_content("Covered.")
    return message
