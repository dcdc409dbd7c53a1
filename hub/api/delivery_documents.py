"""What the API answers about endpoints and deliveries, where it is more than what was read."""

import msgspec

from hub.delivery.endpoint_secrets import LiveSecret
from hub.delivery.endpoints import Endpoint
from hub.delivery.reading import Delivery
from hub.delivery.replay import Counted, DeliveryReplay


class EndpointPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some endpoints, by id."""

    endpoints: list[Endpoint]
    cursor: str | None
    """Give it back as `cursor` for the next page; null at the end."""


class ShownSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What messages are signed with; the secret is shown this once."""

    secret: str
    """`whsec_...`: verifies the `v1` signatures."""
    public: str
    """`whpk_...`: verifies the `v1a` signatures, and need not be kept secret."""


class AddedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A new endpoint and its secret."""

    endpoint: Endpoint
    secret: ShownSecret | None
    """None where nothing is signed, as for mails."""


class LiveSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """What signs now, newest first."""

    secrets: list[LiveSecret]


class DeletedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that is no more."""

    given_up: int
    """Deliveries that were still to be made."""


class TestSent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of no meaning that is on its way."""

    delivery: int
    """Where it can be watched."""


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some deliveries, newest first."""

    deliveries: list[Delivery]
    cursor: int | None
    """Give it back as `cursor` for the next page; null at the end."""


class DeliveryReplayCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would make again; nothing has changed."""

    count: int
    endpoints: list[Counted]


class DeliveryReplayPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some replays, newest first."""

    replays: list[DeliveryReplay]
    cursor: int | None
    """Give it back as `cursor` for the next page; null at the end."""
