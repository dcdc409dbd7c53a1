"""What whoever runs the hub does for a merchant, from a shell: decided like everything else."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub import registry
from hub.access.tenants import check
from hub.adapters.kafka import Outlet, partition_counts
from hub.adapters.postgres import Queries
from hub.bootstrap.ingress import tenant_database
from hub.bootstrap.parts import database, keyring
from hub.domain.errors import HubError
from hub.ledger.acts import act
from hub.ledger.submit import Answer, Submitter
from hub.sdk.events import Outcome
from hub.settings import Settings
from schemas.base import Fact
from schemas.events.parts import Actor

SOURCE = "shell"
GOOD = (Outcome.APPLIED, Outcome.DEDUPLICATED)


class NotDoneError(HubError):
    """It was refused, or is not decided yet."""


def at_the_shell(by: str) -> Actor:
    """Whoever has the hub's own credentials acts for the merchant's owner, and is named as what he is."""
    return Actor(kind="operator", id=by, role="owner")


async def act_for(settings: Settings, tenant: str, fact: Fact, home: str) -> Any:
    """Have it decided by the catalog; the answer.

    Raises:
        NotDoneError: a rule refuses it, or nobody decides within the time callers wait.

    """
    kafka = settings.kafka_settings()
    topic = registry.processor("catalog").reads
    # Run again after a lost answer it is recognised by its content, if by nothing else.
    key = secrets.token_hex(16)
    one = act(keyring(settings), tenant, SOURCE, SOURCE, fact, key, home)
    async with database(settings, size=2) as db:
        await check(db, tenant)
        counts = await partition_counts(kafka, [topic.name])
        outlet = Outlet(kafka)
        try:
            partitions = counts.get(topic.name, settings.partitions)
            submitter = Submitter(db, outlet, topic, partitions)
            sent = await submitter.send([one])
            (answer,) = await submitter.answers(sent, within=3 * settings.answer_seconds)
        finally:
            await outlet.stop()
    return _read(answer)


def _read(answer: Answer) -> Any:
    told: Any = json.loads(answer.text) if answer.text else None
    if answer.outcome in GOOD:
        return told
    if answer.outcome is Outcome.REJECTED:
        raise NotDoneError("\n".join(one["message"] for one in told["reasons"]))
    state = answer.outcome.value if answer.outcome else "waiting"
    raise NotDoneError(
        f"it is not decided yet ({state}); it is kept. Does `hub process catalog` run? "
        "Run the same again to hear the answer"
    )


@asynccontextmanager
async def speaking_for(settings: Settings, tenant: str) -> AsyncIterator[Queries]:
    """A session that sees the rows of this tenant alone."""
    async with tenant_database(settings) as db, db.speaking_for(tenant) as queries:
        await check(queries, tenant)
        yield queries
