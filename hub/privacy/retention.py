"""How long a tenant's things are kept: its policy in force, else as the settings say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from hub.adapters.postgres import Queries
from hub.domain.errors import HubError
from hub.domain.policies.retention import FLOOR, KINDS, Kept, retention
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.ledger.recalled import Policies
from hub.sdk.events import AskPolicy
from schemas.policies.retention import Kind, RetentionPolicy

log = structlog.get_logger()

NAME = "retention"
NOW = "select clock_timestamp() as now"


class RetentionError(HubError):
    """That is no retention; the message says what is."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for a tenant, and by which version of its policy."""

    kept: Mapping[Kind, Kept]
    version: int | None = None
    """None where the tenant has published none."""

    @property
    def days(self) -> dict[Kind, int | None]:
        """Of every kind; None where nothing of it goes by age."""
        return {kind: one.days for kind, one in self.kept.items()}


def told(text: str) -> RetentionPolicy:
    """As the settings have it: `contacts=730,files=60`.

    Raises:
        RetentionError: it is not written so.

    """
    pairs = [one.partition("=") for one in text.split(",") if one.strip()]
    if any(not equals or not days.strip().isdigit() for _, equals, days in pairs):
        message = f"{text!r} is not like contacts=730,files=60"
        raise RetentionError(message)
    days = {name.strip(): int(days) for name, _, days in pairs}
    if unknown := sorted(set(days) - set(KINDS)):
        message = f"nothing is kept by the name {', '.join(unknown)}; there are {', '.join(KINDS)}"
        raise RetentionError(message)
    try:
        policy = RetentionPolicy.model_validate(days)
    except ValidationError as error:
        where = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise RetentionError(where) from error
    if low := sorted(name for name, number in days.items() if number < FLOOR):
        message = f"{', '.join(low)}: take {FLOOR} days at least; topics remember for 30"
        raise RetentionError(message)
    return policy


async def in_force(
    queries: Queries, tenants: Sequence[str], installation: RetentionPolicy
) -> dict[str, InForce]:
    """What holds for each of these tenants now.

    One whose document this release cannot read is left out, and nothing of it may go.
    """
    (row,) = await queries.fetch(NOW)
    asks = [AskPolicy(tenant, NAME, fresh=True) for tenant in tenants]
    found = await Policies().answer(queries, asks)
    at: datetime = row["now"].astimezone(UTC)
    holds: dict[str, InForce] = {}
    for ask in asks:
        version = policy_in_force(found[ask], at)
        try:
            holds[ask.tenant] = _in_force(version, installation, at)
        except ValidationError as error:
            number = version.number if version else 0
            wrong = [".".join(map(str, one["loc"])) for one in error.errors()]
            log.warning("retention.unreadable", tenant=ask.tenant, version=number, places=wrong)
    return holds


def _in_force(
    version: PolicyVersion | None, installation: RetentionPolicy, at: datetime
) -> InForce:
    policy = RetentionPolicy.model_validate_json(version.document) if version else None
    kept = retention(policy, installation, at.date())
    return InForce(kept, version.number if version else None)
