"""Mail by SMTP: the customer whom an event is about, in the merchant's words and one language.

Whom it is for stands in no row: it is opened at the moment of sending. The Message-ID is the same for
every attempt, so that a mailbox which has a mail already can see that it is the same.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from hub.access.keyring import Keyring, SealError
from hub.adapters.mail import Mail, Mailer, MailError, MailRefusedError
from hub.adapters.postgres import Database
from hub.delivery.addressees import Addressee, Directory, SilenceError
from hub.delivery.destinations import Parcel, Receiver
from hub.delivery.kinds import KINDS
from hub.delivery.masking import masked
from hub.delivery.reading import TEST_TYPE
from hub.delivery.schedule import Answer, Fate
from hub.domain.mailboxes import domain_of, mailbox
from hub.domain.messages.composing import UnwrittenError, Words, as_written, compose
from hub.domain.messages.phrases import TEST
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.sdk.failures import DecideAgainError, StoreUnavailableError
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.messages import MessagesPolicy
from schemas.policies.parts import Policy
from schemas.policies.wording import WordingPolicy
from schemas.refs import derived_id

TAKEN = 250
MAX_SAID = 500
"""Characters that are kept of what a server says when it takes a mail."""
POLICIES = (
    "select doc from policy where tenant = $1 and name = any($2::text[]) order by name, number"
)
MODELS: dict[str, type[Policy]] = {
    "messages": MessagesPolicy,
    "wording": WordingPolicy,
    "exclusions": ExclusionsPolicy,
}

UNSENT = (
    *(SilenceError, UnwrittenError, MailError, SealError),
    *(StoreUnavailableError, DecideAgainError, TimeoutError),
)

_version = msgspec.json.Decoder(PolicyVersion).decode


@dataclass(slots=True)
class MailDestination:
    """Writes to customers; a receiver's address is the merchant's own, where they answer."""

    database: Database
    keyring: Keyring
    mailer: Mailer
    senders: Mapping[str, frozenset[str]]
    """Domains from which mails of a tenant may come. Of others its address is only where answers go."""

    def check(self, address: str) -> None:
        """Raise HubError where customers could not answer there."""
        KINDS["mail"].check(address)

    async def send(self, receiver: Receiver, parcel: Parcel) -> Answer:
        """Make one attempt; whatever goes wrong is an answer."""
        try:
            async with asyncio.timeout(receiver.timeout):
                mail = await self._mail(receiver, parcel)
                said = await self.mailer.send(mail)
        except UNSENT as error:
            return _unsent(error)
        return Answer("answered", status=TAKEN, beginning=masked(said)[:MAX_SAID], fate="delivered")

    async def aclose(self) -> None:
        """Nothing is kept open between two mails."""

    async def _mail(self, receiver: Receiver, parcel: Parcel) -> Mail:
        event = orjson.loads(parcel.body)
        words = await self._words(receiver.tenant)
        merchant = (words.messages and words.messages.sender) or receiver.tenant
        whom, about = await self._about(receiver, event)
        about["merchant"] = merchant
        if event["type"] == TEST_TYPE:
            composed = as_written(TEST, about, receiver.locale)
        else:
            composed = compose(event["type"], event["data"], about, words, receiver.locale)
        own = mailbox(receiver.address)
        is_theirs = domain_of(own) in self.senders.get(receiver.tenant, ())
        return Mail(
            to=whom.address,
            subject=composed.subject,
            text=composed.text,
            message_id=message_id(receiver.id, parcel.event, own),
            sender=own if is_theirs else "",
            name=merchant,
            answers_to="" if is_theirs else own,
        )

    async def _about(
        self, receiver: Receiver, event: Mapping[str, Any]
    ) -> tuple[Addressee, dict[str, str]]:
        if event["type"] == TEST_TYPE:
            return Addressee(receiver.address, ""), {}
        return await Directory(self.database, self.keyring, receiver.tenant).about(event)

    async def _words(self, tenant: str) -> Words:
        """The merchant's words that are in force now."""
        rows = await self.database.fetch(POLICIES, tenant, list(MODELS))
        versions = [_version(row["doc"]) for row in rows]
        found: dict[str, Any] = {}
        for name, model in MODELS.items():
            mine = [one for one in versions if one.name == name]
            force = policy_in_force(mine, datetime.now(UTC))
            found[name] = model.model_validate_json(force.document) if force else None
        return Words(**found)


def message_id(endpoint: str, event: str, own: str) -> str:
    """The Message-ID of an endpoint's mail about an event, the same for every attempt; `own` is its mailbox."""
    return f"{derived_id('msg', endpoint, event)}@{domain_of(own)}"


def _unsent(error: Exception) -> Answer:
    """Why there is no mail, and whether that may change."""
    match error:
        case SilenceError():
            return Answer(error.code, str(error), fate="skipped")
        case UnwrittenError():
            return Answer("not_written", str(error), fate="skipped")
        case MailRefusedError():
            # Without a code nobody was asked: it is addressed to nobody.
            fate: Fate = "dead" if error.code else "skipped"
            return Answer("refused", str(error), error.code, fate=fate)
        case MailError():
            return Answer("unavailable", str(error), error.code, fate="retry")
        case SealError():
            return Answer("contact_unreadable", str(error))
        case _:
            return Answer("away", str(error) or "the mail was not taken in time")
