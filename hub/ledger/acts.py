"""What somebody did as an event: it says who, and the door vouches that he proved himself there."""

from datetime import UTC, datetime
from typing import Any, cast

from hub.access.keyring import Keyring
from hub.domain.errors import HubError
from hub.ledger.submit import Submission
from hub.ledger.wire import MAX_VALUE, VOUCHED, vouched
from hub.telemetry.logging import presentable
from schemas.base import Fact
from schemas.envelope import Envelope, source_of
from schemas.events.decided import LEAST_REASON
from schemas.refs import derived_id

MAX_REASON = 1000


class ActTooLargeError(HubError):
    """What was said is larger than an event may be."""


def _presentable(fact: Any) -> Fact:
    """With a reason that may stand in the open for ever, in the ledger, status events and the audit."""
    said = presentable(fact.why)
    if said != fact.why:
        # Whoever gave a reason gave one: what is left of it counts, however short it is now.
        fact = fact.model_copy(update={"why": said[:MAX_REASON].ljust(LEAST_REASON, ".")})
    return cast("Fact", fact)


def act(  # noqa: PLR0913, PLR0917 - what an event consists of, and under which key it counts once
    keyring: Keyring,
    tenant: str,
    source: str,
    who: str,
    fact: Fact,
    key: str,
    home: str,
    traceparent: str | None = None,
) -> Submission:
    """The event that an act is, addressed to its home; the same `who` and `key` make the same event.

    Raises:
        ActTooLargeError: it cannot be sent.

    """
    body = _presentable(fact).model_dump_json(exclude_defaults=True).encode()
    if len(body) > MAX_VALUE:
        raise ActTooLargeError(f"this may have {MAX_VALUE} bytes and has {len(body)}")
    event = derived_id("act", tenant, who, fact.TYPE, key)
    scope = f"act/{who}/{fact.TYPE}"
    envelope = Envelope(
        id=event,
        source=source_of(tenant, source),
        type=fact.TYPE,
        time=datetime.now(UTC),
        tenant=tenant,
        partitionkey=home,
        correlationid=derived_id("req", tenant, scope, event),
        traceparent=traceparent,
    )
    return Submission(scope, envelope, home, body, ((VOUCHED, vouched(keyring, envelope, body)),))
