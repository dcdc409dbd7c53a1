"""What a person does about one item: sent from its page, and answered there."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.keyring import SealError
from hub.adapters.postgres import Queries
from hub.recovery import wishes
from hub.recovery.editing import MAX_BYTES, NotValidError, edit, undo
from hub.recovery.notes import note
from hub.recovery.opening import look
from hub.recovery.spot import GoneError, NotPossibleError, Spot
from hub.web.frame import Seat, form
from hub.web.headers import PRIVATE
from hub.web.waiting.asked import number
from hub.web.waiting.lines import readable
from hub.web.waiting.one import One, spot_of
from hub.web.waiting.words import OUTCOMES

MAX_EDIT = 3 * MAX_BYTES
"""As a form writes it."""
MAX_NOTE = 16_384
PATIENCE_SECONDS = 4.0
"""So long a page waits to tell what the owner made of it."""
WISHES = {
    "redrive": wishes.redrive,
    "hold": wishes.hold,
    "release": wishes.release,
    "give-up": wishes.give_up,
}


@dataclass(frozen=True, slots=True)
class Acts:
    """What may be sent about an item."""

    one: One

    async def steered(self, request: Request, seat: Seat) -> Response:
        """Retry now, hold, release or give up."""
        spot, sent = spot_of(request), await form(request)
        act = sent.get("act", "")
        if act not in WISHES:
            wrong = "choose what to do by one of the buttons"
            return await self._wrong(request, seat, "steer", wrong, sent)
        async with self.one.frame.database.speaking_for(seat.tenant) as queries:
            try:
                await WISHES[act](queries, spot, _line(sent), by=seat.viewer.signature)
            except GoneError:
                raise
            except NotPossibleError as error:
                refused = str(error)
            else:
                return _to(request, seat, await _became(queries, spot, act))
        return await self._wrong(request, seat, "steer", refused, sent)

    async def noted(self, request: Request, seat: Seat) -> Response:
        """Write a note."""
        spot, sent = spot_of(request), await form(request, MAX_NOTE)
        code, text = sent.get("code", ""), _text(sent.get("text", ""))
        try:
            async with self.one.frame.database.speaking_for(seat.tenant) as queries:
                await note(queries, spot, code, text, by=seat.viewer.signature)
        except GoneError:
            raise
        except NotPossibleError as error:
            return await self._wrong(request, seat, "note", str(error), sent)
        return _to(request, seat, "note")

    async def opened(self, request: Request, seat: Seat) -> Response:
        """Show what is sealed; that somebody looked is written down."""
        spot, sent = spot_of(request), await form(request)
        try:
            async with self.one.frame.database.speaking_for(seat.tenant) as queries:
                opened = await look(
                    queries, self.one.today, spot, _line(sent), by=seat.viewer.signature
                )
        except GoneError:
            raise
        except (NotPossibleError, SealError) as error:
            return await self._wrong(request, seat, "payload", str(error), sent)
        typed = {"text": readable(opened.text)}
        return await self.one.show(request, seat, opened=opened, typed=typed)

    async def edited(self, request: Request, seat: Seat) -> Response:
        """Put another payload in its place, or the original back."""
        spot, sent = spot_of(request), await form(request, MAX_EDIT)
        try:
            async with self.one.frame.database.speaking_for(seat.tenant) as queries:
                said = await self._edit(queries, seat, spot, sent)
        except GoneError:
            raise
        except NotValidError as error:
            wrong = {"edit": "the new payload is not what its schema asks for"}
            return await self.one.show(
                request, seat, status=409, wrong=wrong, typed=sent, breaches=error.breaches
            )
        except (NotPossibleError, SealError) as error:
            return await self._wrong(request, seat, "edit", str(error), sent)
        return _to(request, seat, said)

    async def _edit(self, queries: Queries, seat: Seat, spot: Spot, sent: dict[str, str]) -> str:
        today, why, version = self.one.today, _line(sent), number(sent.get("version", ""))
        by = seat.viewer.signature
        if sent.get("act") == "original":
            await undo(queries, today, spot, why, by=by, version=version)
            return "original"
        body = _compact(sent.get("text", ""))
        done = await edit(queries, today, spot, body, why, by=by, version=version)
        return "edit" if done.changed else "unchanged"

    async def _wrong(
        self, request: Request, seat: Seat, where: str, said: str, sent: dict[str, str]
    ) -> Response:
        """The page again, with what is wrong beside the form that was sent and what was typed."""
        return await self.one.show(request, seat, status=409, wrong={where: said}, typed=sent)


async def _became(queries: Queries, spot: Spot, act: str) -> str:
    """What to say of a wish; the owner may have acted on it within a moment."""
    if act in ("hold", "release"):
        return act
    acted = await wishes.wait_until_acted(queries, [spot], PATIENCE_SECONDS)
    return f"{act}.{OUTCOMES[acted[spot]]}"


def _to(request: Request, seat: Seat, said: str) -> Response:
    here = request.url.path.rpartition("/")[0]
    return RedirectResponse(f"{here}?said={said}&{seat.query}".rstrip("&"), 303, dict(PRIVATE))


def _line(sent: dict[str, str]) -> str:
    return _text(sent.get("reason", "")).replace("\n", " ")[:1_000]


def _text(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n")


def _compact(text: str) -> bytes:
    try:
        return msgspec.json.format(text, indent=-1).encode()
    except (msgspec.MsgspecError, RecursionError):
        return text.replace("\r\n", "\n").encode("utf-8", "replace")
