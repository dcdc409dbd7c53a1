"""What may be asked about endpoints, deliveries and replays."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.bodies import STRICT, VISIBLE, At, whole
from hub.api.desk import MAX_OFFSET, Whose
from hub.api.filters import Word
from hub.api.item_bodies import Because
from hub.delivery.endpoints import Shape
from hub.delivery.kinds import KindName, Ordering
from hub.delivery.reading import MAX_LIMIT, TEST_TYPE, Wanted
from hub.delivery.replay import MOST_IDS, Asked, Chosen, Settled
from schemas.catalogue import BECAME
from schemas.policies.parts import Locale

ID = "^ep_[0-9a-f]{20}$"
ADDRESS = "^[!-~]{3,2000}$"
TYPES = "|".join(re.escape(one.TYPE) for one in BECAME)
Type = Annotated[str, Field(pattern=f"^({TYPES})$")]
AnyType = Annotated[str, Field(pattern=f"^({TYPES}|{re.escape(TEST_TYPE)})$")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Count = Annotated[int, Field(ge=1, le=MAX_OFFSET)]
About = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Branch = Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE)]
DeliveryState = Literal["waiting", "sending", "delivered", "dead", "given_up", "skipped"]


def _shown(**example: Any) -> ConfigDict:
    return STRICT | ConfigDict(json_schema_extra={"examples": [example]})


class ChangedEndpoint(BaseModel):
    """What is to be otherwise; what is left out stays as it is."""

    model_config = _shown(rate=10.0, state="active")

    address: Annotated[str, Field(pattern=ADDRESS)] = ""
    """Where it listens: an `https` address that is public, without a user or a fragment. Of `mail`: your own mailbox,
    to which customers answer."""
    about: About = ""
    """What it is for, in your words."""
    types: Annotated[list[Type], Field(max_length=50)] = []
    """Of events; none listed: every type, and for `mail` all that is news to a customer."""
    branches: Annotated[list[Branch], Field(max_length=200)] = []
    """None listed: every branch, and what has none."""
    suppliers: Annotated[list[Branch], Field(max_length=200)] = []
    """By their codes in the catalogue. None listed: every supplier, and what has none; only claims and what they lead
    to have one."""
    payload: Literal["thin", "full"] = "thin"
    """`thin` says which warranty and where to ask, `full` all that was decided."""
    ordering: Ordering = "none"
    """`per_subject` keeps what comes later of a warranty back until what came before has arrived or is dead."""
    rate: Annotated[float, Field(ge=0.1, le=10_000)] = 50.0
    """Messages a second, at most."""
    at_once: Annotated[int, Field(ge=1, le=256), BeforeValidator(whole)] = 8
    """Messages on their way at a time, at most."""
    timeout: Annotated[float, Field(ge=1, le=30)] = 15.0
    """Seconds for an answer."""
    locale: Locale = "en"
    """In which customers are written to."""
    state: Literal["active", "paused"] = "active"
    """`active` begins anew what was disabled; what waited meanwhile is then delivered."""

    def changes(self) -> dict[str, Any]:
        """What was named."""
        return self.model_dump(exclude_unset=True)


class NewEndpoint(ChangedEndpoint):
    """Where events are to be sent, which, and how."""

    model_config = _shown(
        address="https://shop.example.com/hooks/warranty",
        about="The shop's own system",
        types=["warranty.activated.v1", "warranty.ended.v1"],
    )

    kind: KindName = "http"
    """`http`: signed events to a system of yours; `mail`: what became of it, to the customer whose it is."""
    address: Annotated[str, Field(pattern=ADDRESS)]

    def shape(self) -> Shape:
        """The endpoint that is wanted."""
        return Shape(**self.model_dump())


class Rotated(BaseModel):
    """How long the secret before goes on signing beside the new one."""

    model_config = _shown(grace_seconds=86_400)

    grace_seconds: Annotated[int, Field(ge=0, le=30 * 86_400), BeforeValidator(whole)] = 86_400


class ListedEndpoints(Whose):
    """Which endpoints."""

    limit: Limit = 50
    cursor: Annotated[str, Field(pattern=ID)] | None = None
    """From the page before."""


class ListedDeliveries(Whose):
    """Which deliveries; all of it has to fit."""

    endpoint: Annotated[str, Field(pattern=ID)] | None = None
    state: DeliveryState | None = None
    subject: Word | None = None
    """What it is about, such as a warranty's id."""
    event: Word | None = None
    """The `webhook-id`."""
    limit: Limit = 50
    cursor: Count | None = None
    """From the page before; the filters stay the same."""

    def wanted(self) -> Wanted:
        """The same, as it is read."""
        return Wanted(
            endpoint=self.endpoint,
            state=self.state,
            subject=self.subject,
            event=self.event,
            before=self.cursor,
        )


class ListedDeliveryReplays(Whose):
    """Which replays."""

    limit: Limit = 20
    cursor: Count | None = None
    """From the page before."""


class Which(BaseModel):
    """Which deliveries; all of it has to fit. Those still on their way never do."""

    model_config = STRICT

    states: Annotated[list[Settled], Field(min_length=1, max_length=3)] = ["dead"]
    endpoint: Annotated[str, Field(pattern=ID)] | None = None
    deliveries: (
        Annotated[
            list[Annotated[Count, BeforeValidator(whole)]], Field(min_length=1, max_length=MOST_IDS)
        ]
        | None
    ) = None
    """By their numbers."""
    type: AnyType | None = None
    subject: Word | None = None
    since: At | None = None
    until: At | None = None

    def chosen(self) -> Chosen:
        """The same, as it is kept."""
        return Chosen(**self.model_dump())


class TriedDeliveryReplay(BaseModel):
    """Which deliveries to count."""

    model_config = _shown(where={"states": ["dead"], "since": "2026-01-31T18:30:00+03:00"})

    where: Which


class AskedDeliveryReplay(BaseModel):
    """Which deliveries to make again, and why."""

    model_config = _shown(
        where={"states": ["dead"], "since": "2026-01-31T18:30:00+03:00"},
        reason="the shop's system refused everything until noon",
    )

    where: Which
    reason: Because
    rate: Annotated[float, Field(ge=0.1, le=10_000)] | None = None
    """A second and endpoint, where slower than the endpoint's own."""

    def asked(self) -> Asked:
        """The same, as it is kept."""
        return Asked(chosen=self.where.chosen(), why=self.reason, rate=self.rate)
