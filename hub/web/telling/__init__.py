"""What endpoints are told, for their owners: how each stands, every attempt, secrets, and sending again."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.routing import Route

from hub.access.keyring import Keyring
from hub.access.permissions import Permission
from hub.web.frame import Frame
from hub.web.telling import words
from hub.web.telling.acts import EndpointActs
from hub.web.telling.asked import TYPES
from hub.web.telling.deliveries import DeliveryPages
from hub.web.telling.endpoints import Endpoints
from hub.web.telling.replays import DeliveryReplays
from hub.web.waiting import Away, Seated, seated

__all__ = ["WORDS", "routes"]

WORDS: Mapping[str, object] = MappingProxyType(
    {
        "STATES": words.STATES,
        "LEVELS": words.LEVELS,
        "SIGNS": words.SIGNS,
        "TELLS": TYPES,
        "counted": words.counted,
    }
)
"""What the templates of these pages say things with."""
ENDPOINT, REPLAYS = "/endpoints/{endpoint}", "/deliveries/replays"


def routes(frame: Frame, keyring: Keyring, away: Away) -> list[Route]:
    """The routes of these pages; `away` answers while Postgres does not."""
    endpoints, deliveries = Endpoints(frame), DeliveryPages(frame)
    acts, replays = EndpointActs(endpoints, keyring), DeliveryReplays(frame)
    look, change = Permission.READ_ENDPOINT, Permission.CHANGE_ENDPOINT
    see, again = Permission.READ_DELIVERY, Permission.REPLAY_DELIVERY
    read: dict[str, tuple[Permission, Seated]] = {
        "/endpoints": (look, endpoints.listed),
        ENDPOINT: (look, endpoints.one),
        "/deliveries": (see, deliveries.listed),
        REPLAYS: (see, replays.listed),
        f"{REPLAYS}/try": (see, replays.tried),
        f"{REPLAYS}/{{number}}": (see, replays.one),
        "/deliveries/{number}": (see, deliveries.one),
    }
    sent: dict[str, tuple[Permission, Seated]] = {
        f"{ENDPOINT}/test": (change, acts.tested),
        f"{ENDPOINT}/state": (change, acts.changed),
        f"{ENDPOINT}/secret": (change, acts.rotated),
        REPLAYS: (again, replays.begun),
        f"{REPLAYS}/{{number}}/stop": (again, replays.stopped),
    }
    return seated(frame, away, read, sent)
