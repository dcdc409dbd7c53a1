"""What waits, for whoever looks after it: seen, understood, tried, mended, steered."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.keyring import SealError
from hub.access.permissions import Permission
from hub.api.auth import count_request
from hub.api.problems import ProblemError
from hub.audit.samples.drawing import SampleError
from hub.audit.samples.reviews import NoSampleError
from hub.delivery.egress import ForbiddenError
from hub.delivery.endpoints import EndpointChangedError, EndpointGoneError
from hub.delivery.kinds import UnfitError
from hub.delivery.reading import DeliveryGoneError
from hub.delivery.replay import ReplayGoneError
from hub.recovery.spot import GoneError, NotPossibleError
from hub.recovery.today import Today
from hub.sdk.failures import DataRefusedError, StoreUnavailableError
from hub.web.frame import Frame, Seat, to_sign_in
from hub.web.session import is_our_own
from hub.web.waiting.acts import Acts
from hub.web.waiting.bulks import Bulks
from hub.web.waiting.lists import Lists
from hub.web.waiting.one import One
from hub.web.waiting.replays import Replays

ITEM = "/items/{topic}/{partition}/{offset}"
Seated = Callable[[Request, Seat], Awaitable[Response]]
Away = Callable[[Request, Exception], Awaitable[Response]]

FRESH = frozenset({Permission.CHANGE_ENDPOINT})
"""What is given out by these outlives its giver: who may is asked anew."""
GONE = (
    *(GoneError, NoSampleError, DataRefusedError),
    *(EndpointGoneError, DeliveryGoneError, ReplayGoneError),
)
NOT_SO = (
    *(NotPossibleError, SampleError, SealError),
    *(EndpointChangedError, ForbiddenError, UnfitError),
)

__all__ = ["Away", "Seated", "routes", "seated"]


def routes(frame: Frame, today: Today, away: Away) -> list[Route]:
    """The routes of these pages; `away` answers while Postgres does not."""
    lists, one = Lists(frame), One(frame, today)
    acts, bulks = Acts(one), Bulks(frame, today)
    replays = Replays(frame, today)
    look, steer = Permission.READ_ITEM, Permission.STEER_ITEM
    read: dict[str, tuple[Permission, Seated]] = {
        "/items": (look, lists.items),
        "/items/all": (look, bulks.asked),
        ITEM: (look, one.read),
        "/notes": (look, lists.notes),
        "/redrives": (look, bulks.listed),
        "/redrives/{number}": (look, bulks.one),
        "/replays": (look, replays.listed),
        "/replays/{number}": (look, replays.one),
    }
    sent: dict[str, tuple[Permission, Seated]] = {
        f"{ITEM}/payload": (Permission.OPEN_ITEM, acts.opened),
        f"{ITEM}/edit": (Permission.EDIT_ITEM, acts.edited),
        f"{ITEM}/note": (steer, acts.noted),
        f"{ITEM}/steer": (steer, acts.steered),
        "/redrives": (steer, bulks.begun),
        "/redrives/{number}/stop": (steer, bulks.stopped),
        "/redrives/{number}/continue": (steer, bulks.continued),
        "/replays": (steer, replays.asked),
        "/replays/{number}/begin": (steer, replays.begun),
        "/replays/{number}/stop": (steer, replays.stopped),
    }

    return seated(frame, away, read, sent)


def seated(
    frame: Frame,
    away: Away,
    read: Mapping[str, tuple[Permission, Seated]],
    sent: Mapping[str, tuple[Permission, Seated]],
) -> list[Route]:
    """Routes whose pages know who looks, and that this may be looked at or sent."""

    def guarded(permission: Permission, page: Seated) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.method == "POST" and not is_our_own(request):
                return frame.not_ours()
            seat = await frame.seat(request, fresh=permission in FRESH)
            if seat is None:
                return to_sign_in(request)
            if not seat.viewer.may(permission):
                by, whom = (
                    ("role", "an owner")
                    if seat.viewer.kind == "person"
                    else ("key", "whoever runs the hub")
                )
                detail = f"Your {by} lacks {permission}. Ask {whom} for it."
                return frame.problem(403, f"This {by} may not do that", detail)
            try:
                await count_request(request, seat.viewer)
            except ProblemError as error:
                again = int(error.headers["Retry-After"])
                return frame.problem(429, "That is too much at once", f"{error.detail}.", again)
            return await page(request, seat)

        return _said_well(frame, away, answer)

    return [
        *(Route(path, guarded(*page), methods=["GET"]) for path, page in read.items()),
        *(Route(path, guarded(*page), methods=["POST"]) for path, page in sent.items()),
    ]


def _said_well(
    frame: Frame, away: Away, page: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """The same page, but what cannot be done is said in words."""

    async def answer(request: Request) -> Response:
        try:
            return await page(request)
        except StoreUnavailableError as error:
            return await away(request, error)
        except GONE:
            detail = "Nothing is there under this address, or it is another tenant's."
            return frame.problem(404, "Nothing is there", detail)
        except NOT_SO as error:
            said = str(error)
            return frame.problem(409, "That cannot be done", f"{said[:1].upper()}{said[1:]}.")

    return answer
