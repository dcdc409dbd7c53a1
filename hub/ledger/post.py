"""Letters: whatever goes anywhere but the status topic, as rows that the owner sends in order."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.keyring import HUB, Keyring
from hub.domain.errors import HubError
from hub.ledger import wire
from hub.ledger.plan import LetterRow, Plan
from hub.ledger.standing import Standing
from hub.ledger.wire import Incoming
from hub.sdk.decision import Letter
from hub.sdk.events import Event
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import derived_id, place
from schemas.topics import Topic, dead_letters

MAX_REASON = 4096


class LetterTooLargeError(HubError):
    """A letter that its target would refuse, so what caused it must not be applied."""


@dataclass(slots=True)
class Post:
    """Writes the letters of one batch."""

    intake: Topic
    elsewhere: Mapping[str, Topic]
    """Intake topics of other processors, by the type of letters that go there."""
    keyring: Keyring
    standing: Standing
    plan: Plan

    def letter(self, event: Event, number: int, letter: Letter) -> None:
        """From one home to another: a fact of ours, caused by this event."""
        cause = (event.tenant, event.connector, event.id, event.body_hash, str(number))
        envelope = Envelope(
            id=derived_id("ltr", *cause),
            source=source_of(event.tenant, HUB),
            type=letter.fact.TYPE,
            time=event.time,
            tenant=event.tenant,
            partitionkey=letter.home,
            correlationid=event.correlationid or event.id,
            causationid=event.id,
            traceparent=event.traceparent,
        )
        data = letter.fact.model_dump_json(exclude_none=True).encode()
        headers = to_headers(envelope)
        if letter.fact.TYPE in wire.VOUCHED_TYPES:
            headers.append((wire.VOUCHED, wire.vouched(self.keyring, envelope, data)))
        target = self.elsewhere.get(letter.fact.TYPE, self.intake)
        self._write(target, letter.home, event.tenant, headers, data)

    def check(self, letter: Letter) -> None:
        """Raise where a letter could not be sent.

        Raises:
            ValueError: its target is no home.
            LetterTooLargeError: it is larger than an event may be.

        """
        place(letter.home, self.standing.partitions)
        size = len(letter.fact.model_dump_json(exclude_none=True).encode())
        if size > wire.MAX_VALUE:
            message = f"{letter.fact.TYPE} has {size} bytes; an event may have {wire.MAX_VALUE}"
            raise LetterTooLargeError(message)

    def forward(self, one: Incoming, tenant: str, home: str) -> None:
        """The same event on its way to the partition of its home."""
        self._write(self.intake, home, tenant, wire.forwarded(one), one.payload.value)

    def dead_letter_copy(self, one: Incoming, tenant: str, reason: str, attempts: int) -> None:
        """For whoever watches the `.dlq` topic: the body sealed, the headers saying why."""
        headers = [
            *(h for h in one.payload.headers if h[0].startswith("ce_")),
            ("hub-original-topic", self.intake.name.encode()),
            ("hub-original-partition", b"%d" % self.standing.part),
            ("hub-original-offset", b"%d" % one.offset),
            ("hub-reason", reason.encode(errors="backslashreplace")[:MAX_REASON]),
            ("hub-attempts", b"%d" % attempts),
            ("hub-sealed-for", tenant.encode()),
        ]
        value = one.payload.value
        sealed = None if value is None else self.keyring.seal(tenant, value)
        self._put(dead_letters(self.intake), self.standing.part, tenant, b"", headers, sealed)

    def _write(
        self,
        topic: Topic,
        home: str,
        tenant: str,
        headers: list[tuple[str, bytes]],
        value: bytes | None,
    ) -> None:
        target = place(home, self.standing.partitions)
        self._put(topic, target, tenant, home.encode(), headers, value)

    def _put(  # noqa: PLR0913, PLR0917 - a record has as many parts
        self,
        topic: Topic,
        target: int,
        tenant: str,
        key: bytes,
        headers: list[tuple[str, bytes]],
        value: bytes | None,
    ) -> None:
        self.standing.letter += 1
        sealed = self.keyring.seal(tenant, wire.pack((key, value, headers)))
        row = LetterRow(self.standing.letter, topic.name, target, tenant, sealed)
        self.plan.letters.append(row)
