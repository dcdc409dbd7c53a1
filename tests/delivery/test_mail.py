"""Customers are written to once, in their merchant's words, and nobody is who should not be."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from hub.adapters.mail import Mail, Smtp
from hub.delivery.mail import MailDestination
from hub.delivery.reading import send_test
from hub.dev.embedded.server import free_port
from hub.domain.customers import INTO, trait
from hub.domain.placeholders import completed
from schemas.events.claim import ClaimApproved, ClaimAwaitingInfo, ClaimDenied, ClaimMoved
from schemas.events.parts import Contact, Statement
from schemas.events.warranty import WarrantyEnded
from tests.delivery.conftest import DAY, KEYRING, TENANT, World, eventually, said, told
from tests.delivery.mailbox import Mailbox, listening, text_of

pytestmark = pytest.mark.servers
JANE = "jane@example.org"
SHOP = "service@shop.example"
SENDER = "Warranty Hub <hub@example.org>"
CONTACT = """
insert into contact (tenant, ref, email_hash, phone_hash, digest, sealed, seen_at, customer)
values ($1, $2, $3, $4, $5, $6, now(), $7)
"""
NAME = "insert into name (kind, tenant, value, home, id) values ($1, $2, $3, '', $4)"
UNIT = """
insert into unit (id, home, tenant, version, status, product, serial, customer, doc)
values ($1, '', $2, 1, 'active', 'drill', 'SN-1', $3, '{}')
"""
POLICY = """
insert into policy (id, home, tenant, version, name, number, effective_from, doc)
values ($1, '', $2, 1, $3, $4, $5, $6::text::json)
"""
CLAIM = """
insert into claim (id, home, tenant, version, state, is_open, warranty, issue, product, source, filed_at, codes, doc)
values ($1, '', $2, 1, 'awaiting_info', true, 'w', 'i', 'p', 's', now(), '{}', $3::text::json)
"""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with listening() as box:
        yield box


@dataclass(slots=True)
class Post:
    """A merchant whose customers are written to."""

    world: World
    box: Mailbox
    senders: dict[str, frozenset[str]]

    async def customer(self, **contact: Any) -> str:
        """Somebody who gave this; their reference."""
        return await self.keep(Contact(**{"name": "Jane", "email": JANE} | contact))

    async def keep(self, contact: Contact) -> str:
        """Keep a contact as the engine does."""
        sealed = KEYRING.seal_contact(TENANT, contact, "evt_0")
        who, hashes = sealed.customer, (sealed.customer.email_hash, sealed.customer.phone_hash)
        values = (*hashes, sealed.digest, sealed.sealed, who.ref)
        await self.world.database.execute(CONTACT, TENANT, sealed.kept, *values)
        for kind, value in zip(("email", "phone"), hashes, strict=True):
            if value is not None:
                await self.world.database.execute(NAME, kind, TENANT, value, who.ref)
        return who.ref if contact.email or contact.phone else sealed.kept

    async def policy(self, name: str, document: dict[str, Any]) -> None:
        """Have a policy in force."""
        doc = {"name": name, "number": 1, "effective_from": datetime(2026, 1, 1, tzinfo=UTC)}
        text = msgspec.json.encode(doc | {"document": msgspec.json.encode(document).decode()})
        values = (name, 1, doc["effective_from"], text.decode())
        await self.world.database.execute(POLICY, f"pol_{name}", TENANT, *values)

    @asynccontextmanager
    async def delivering(self, url: str = "", **more: Any) -> AsyncIterator[None]:
        """Whoever delivers by mail, while the block runs."""
        mailer = Smtp(url or self.box.url, SENDER)
        mails = MailDestination(self.world.database, KEYRING, mailer, self.senders)
        async with self.world.delivering(kinds={"mail": mails}, **more):
            yield

    async def has(self, ended: tuple[str, str], count: int = 1) -> bool:
        """Whether so many attempts ended so."""
        return (await self.why()).count(ended) >= count

    async def why(self) -> list[tuple[str, str]]:
        """How attempts ended, and why."""
        return [(one["state"], one["outcome"]) for one in await self.world.attempts()]


@pytest.fixture
async def post(world: World, mailbox: Mailbox) -> Post:
    await world.endpoint(SHOP, kind="mail")
    return Post(world, mailbox, {})


def moved(number: int, kind: type[ClaimMoved], customer: str | None, **more: Any) -> Any:
    about = {"claim": "clm_1", "warranty": "wty_1", "issue": "power", "source": "shop"}
    return said(
        number, kind(**{**about, "customer": customer, "product": "drill", **more}), "clm_1"
    )


async def test_a_customer_is_told_once_in_words_of_the_language(world: World, post: Post) -> None:
    await world.endpoint(SHOP, kind="mail", locale="de", branches=["Nord"])
    who = await post.customer()
    await world.tell(told(1, customer=who, serial="SN-1", branch="Nord"))
    await world.tell(told(1, customer=who, serial="SN-1", branch="Nord"))
    async with post.delivering():
        await world.until({"delivered": 2})

    mails = {mail["Subject"]: mail for mail in post.box.taken}
    assert set(mails) == {"Your warranty", "Ihre Garantie"}
    mail = mails["Your warranty"]
    assert text_of(mail) == (
        "Hello Jane,\n\nYour product (serial SN-1) is covered from 31 January 2026 to 31 January 2026, "
        "both days included.\n\nacme\n"
    )
    assert (mail["To"], mail["From"], mail["Reply-To"]) == (JANE, "acme <hub@example.org>", SHOP)
    assert "gedeckt" in text_of(mails["Ihre Garantie"])
    (attempt, _) = await world.attempts()
    assert (attempt["status"], attempt["answer"]) == (250, "taken")
    assert JANE not in str(await world.attempts())


async def test_a_claim_is_told_in_order_and_in_no_word_of_the_house(
    world: World, post: Post
) -> None:
    who = await post.customer()
    await world.tell(
        moved(1, ClaimAwaitingInfo, who, reason="question"),
        moved(2, ClaimApproved, who, resolutions=[{"kind": "repair"}, {"kind": "write_off"}]),
        moved(3, ClaimDenied, who, reason="customer_damage"),
    )
    async with post.delivering():
        await world.until({"delivered": 3})

    asked, granted, refused = (text_of(mail) for mail in post.box.taken)
    assert "until you answer our question" in asked
    assert "It will be repaired" in granted
    assert "was not accepted" in refused
    for text in (asked, granted, refused):
        assert not [word for word in ("write_off", "customer_damage", "_", "{") if word in text]


async def test_what_was_asked_stands_in_the_mail(world: World, post: Post) -> None:
    who = await post.customer()
    words = await post.keep(Statement(words="Does it smell of smoke?"))
    others = [["note", "con_x", [], "2026-01-01", "cause_1"], ["question", "con_y", [], "", "c_9"]]
    doc = {"said": [*others, ["question", words, ["person", "p"], "2026-01-01", "cause_1"]]}
    await world.database.execute(CLAIM, "clm_1", TENANT, msgspec.json.encode(doc).decode())
    await world.tell(moved(1, ClaimAwaitingInfo, who, reason="question"))
    async with post.delivering():
        await world.until({"delivered": 1})

    assert "\n\nDoes it smell of smoke?\n\n" in text_of(post.box.taken[0])


async def test_the_merchant_s_words_come_first_and_he_is_who_writes(
    world: World, post: Post
) -> None:
    post.senders = {TENANT: frozenset({"shop.example"}), "other": frozenset({"other.example"})}
    ours = {"subject": {"en": "{{ product }}: yes"}, "text": {"en": "{{ name }}, {{ status }}"}}
    await post.policy("messages", {"sender": "The Shop", "messages": {"claim.approved.v1": ours}})
    await post.policy("wording", {"statuses": {"approved": {"text": {"en": "we say yes."}}}})
    await world.database.execute(
        "insert into product (id, home, tenant, version, code, name, doc)"
        " values ('p', '', $1, 1, 'drill', 'Drill 3000', '{}')",
        TENANT,
    )
    await world.tell(moved(1, ClaimApproved, await post.customer()))
    async with post.delivering():
        await world.until({"delivered": 1})

    (mail,) = post.box.taken
    assert (mail["Subject"], text_of(mail)) == ("Drill 3000: yes", "Jane, We say yes.\n")
    assert (mail["From"], mail["Reply-To"]) == (f"The Shop <{SHOP}>", None)
    assert post.box.senders == [SHOP]


async def test_whoever_is_not_named_is_whose_the_unit_is(world: World, post: Post) -> None:
    who = await post.customer()
    await world.database.execute(UNIT, "wty_1", TENANT, who)
    fact = WarrantyEnded(warranty="wty_1", ended_on=DAY, reason="returned", connector="till")
    await world.tell(said(1, fact, "wty_1"))
    async with post.delivering():
        await world.until({"delivered": 1})

    (mail,) = post.box.taken
    assert (mail["To"], mail["Subject"]) == (JANE, "Your warranty for drill has ended")


async def test_whoever_was_merged_is_written_where_he_is_known_now(
    world: World, post: Post
) -> None:
    by_phone = await post.customer(email=None, phone="+905321234567")
    other = await post.customer()
    await world.database.execute(NAME, "customer", TENANT, trait(by_phone, INTO), other)
    await world.tell(told(1, customer=by_phone))
    async with post.delivering():
        await world.until({"delivered": 1})

    assert post.box.recipients == [JANE]


async def test_nobody_is_written_who_is_not_to_hear_or_is_not_there(
    world: World, post: Post
) -> None:
    who = await post.customer()
    gone = "cus_aaaaaaaaaaaaaaaa"
    by_phone = await post.customer(email=None, phone="+905321234567")
    made_up = await post.keep(completed(Contact(name="Nobody"), TENANT, "O-1"))
    strange = await post.customer(email="a@b.org, other@example.org")
    await world.tell(
        moved(1, ClaimApproved, who, notify_customer=False),
        told(2, "w2"),
        told(3, "w3", customer=gone),
        told(4, "w4", customer=by_phone),
        told(5, "w5", customer=made_up),
        told(6, "w6", customer=strange),
        said(
            7,
            WarrantyEnded(warranty="w7", ended_on=DAY, reason="merged", connector="till"),
            "w7",
        ),
    )
    async with post.delivering():
        await world.until({"skipped": 7})

    found = await world.database.fetch("select outcome from delivery order by seq")
    whys = [row["outcome"] for row in found]
    silent = ["no_contact", "no_address", "no_address", "no_address"]
    assert whys == ["not_to_be_told", "no_customer", *silent, "no_customer"]
    assert (post.box.seen, post.box.recipients) == ([], [])
    assert {one["state"] for one in await world.attempts()} == {"skipped"}
    pace = await world.database.fetchrow("select failures, failing_since from endpoint_pace")
    assert tuple(pace) == (0, None)


async def test_a_wish_to_be_told_counts_as_if_nothing_was_said(world: World, post: Post) -> None:
    who = await post.customer()
    await world.tell(moved(1, ClaimApproved, who, notify_customer=True))
    async with post.delivering():
        await world.until({"delivered": 1})

    assert post.box.recipients == [JANE]


async def test_whoever_is_forgotten_before_the_mail_leaves_gets_none(
    world: World, post: Post
) -> None:
    who = await post.customer()
    post.box.answers = ["451 come back", "250 taken"]
    await world.tell(told(1, customer=who))
    async with post.delivering(scale=1.0):
        await eventually(lambda: post.has(("failed", "unavailable")))
        await world.database.execute("delete from contact")
        await world.database.execute("delete from name")
        await world.database.execute("update delivery set due_at = now()")
        await world.until({"skipped": 1})

    assert (len(post.box.seen), post.box.taken) == (1, [])
    assert await post.why() == [("failed", "unavailable"), ("skipped", "no_contact")]


async def test_what_a_server_says_for_good_is_dead_and_can_be_replayed(
    world: World, post: Post
) -> None:
    who = await post.customer()
    post.box.rejected = (JANE,)
    await world.tell(told(1, customer=who))
    async with post.delivering():
        await world.until({"dead": 1})
    (attempt,) = await world.attempts()
    assert (attempt["status"], attempt["outcome"]) == (550, "refused")
    assert JANE not in str(attempt)

    post.box.rejected = ()
    await world.database.execute("update delivery set state = 'waiting', tries = 0, due_at = now()")
    async with post.delivering():
        await world.until({"delivered": 1})


@pytest.mark.parametrize("answer", ["451 come back", "421 going down"])
async def test_what_passes_is_tried_again_under_the_same_message_id(
    world: World, post: Post, answer: str
) -> None:
    post.box.answers = [answer, answer, "250 taken"]
    await world.tell(told(1, customer=await post.customer()))
    async with post.delivering():
        await world.until({"delivered": 1})

    ids = {mail["Message-ID"] for mail in post.box.seen}
    assert (len(post.box.seen), len(post.box.taken), len(ids)) == (3, 1, 1)
    assert ids.pop().endswith("@shop.example>")


async def test_a_server_that_is_away_or_dawdles_loses_nothing(world: World, post: Post) -> None:
    await world.tell(told(1, customer=await post.customer()))
    async with post.delivering(f"smtp://127.0.0.1:{free_port()}", scale=0.0001):
        await eventually(lambda: post.has(("failed", "unavailable"), 3))
    post.box.pause = 1.3
    async with post.delivering(scale=0.0001):
        await eventually(lambda: post.has(("failed", "away")))
        post.box.pause = 0.0
        await world.until({"delivered": 1})

    assert len({mail["Message-ID"] for mail in post.box.seen}) == 1


async def test_a_password_that_is_wrong_kills_no_mail(world: World, post: Post) -> None:
    await world.tell(told(1, customer=await post.customer()))
    wrong = post.box.url.replace("smtp://", "smtp://hub:wrong@")
    async with post.delivering(wrong, scale=0.0001):
        await eventually(lambda: post.has(("failed", "unavailable"), 3))
    assert (await world.states()).keys() <= {"waiting", "sending"}
    async with post.delivering():
        await world.until({"delivered": 1})


@dataclass(slots=True)
class Babbling:
    """A server that says much, and in no encoding, as the client hands it on."""

    sent: int = 0

    async def send(self, _mail: Mail) -> str:
        """Take it."""
        self.sent += 1
        return "taken \udcff " + "by me " * 1_000


async def test_whatever_a_server_says_to_a_mail_it_is_sent_once(world: World, post: Post) -> None:
    babbling = Babbling()
    mails = MailDestination(world.database, KEYRING, babbling, {})
    await world.tell(told(1, customer=await post.customer()))
    async with world.delivering(kinds={"mail": mails}):
        await world.until({"delivered": 1})

    (attempt,) = await world.attempts()
    assert (babbling.sent, len(attempt["answer"])) == (1, 500)
    assert attempt["answer"].startswith("taken ? by me")


async def test_a_test_is_written_to_the_merchant_himself(world: World, post: Post) -> None:
    name = await world.database.fetchval("select id from endpoint")
    await send_test(world.database, TENANT, name, datetime.now(UTC))
    async with post.delivering():
        await world.until({"delivered": 1})

    (mail,) = post.box.taken
    assert (mail["To"], mail["Subject"]) == (SHOP, "A trial of the mails to your customers")


async def test_a_name_that_would_be_a_header_is_a_name(world: World, post: Post) -> None:
    hostile = "Jane\r\nBcc: other\r\n\r\nbody {{ merchant }}"
    texts = {"subject": {"en": "Hello {{ name }}"}, "text": {"en": "{{ name }}"}}
    await post.policy("messages", {"messages": {"warranty.activated.v1": texts}})
    await world.tell(told(1, customer=await post.customer(name=hostile)))
    async with post.delivering():
        await world.until({"delivered": 1})

    (mail,) = post.box.taken
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hello Jane Bcc: other body {{ merchant }}"
    assert post.box.recipients == [JANE]


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("J. van den Berg", "Hello J. van den Berg,"),
        ("Ann\nBee", "Hello Ann Bee,"),
        ("Win a car: https://evil.example/x", "Hello,"),
        ("Go to evil.example now", "Hello,"),
        ("write to me@evil.example", "Hello,"),
        ("x" * 150, "Hello,"),
    ],
)
async def test_a_name_that_is_a_message_is_not_sent_on(
    world: World, post: Post, name: str, greeting: str
) -> None:
    who = await post.customer(name=name)
    await world.tell(told(1, customer=who))
    async with post.delivering():
        await world.until({"delivered": 1})

    (mail,) = post.box.taken
    assert text_of(mail).splitlines()[0] == greeting
