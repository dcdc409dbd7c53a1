"""Builds the pages: routes for the server, and the board that has to be closed before it stops."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import TenantDatabase
from hub.audit.refusals import Refusals
from hub.recovery.today import Today
from hub.sdk.failures import StoreUnavailableError
from hub.web import assets, auditing, telling, waiting
from hub.web.board import MAX_VIEWERS, Board
from hub.web.draw import Drawing
from hub.web.figures import PlatformReader
from hub.web.frame import Frame
from hub.web.log import KafkaLog
from hub.web.pages import Pages
from hub.web.session import Sessions

Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Web:
    """The pages of one process.

    `run` is to be cancelled together with the server, which waits for its streams to end.
    """

    routes: tuple[BaseRoute, ...]
    board: Board
    log: KafkaLog

    async def run(self) -> None:
        """Until cancelled; ends every stream then."""
        try:
            await asyncio.Event().wait()
        finally:
            self.board.close()

    async def aclose(self) -> None:
        """Disconnect, once the server has stopped."""
        self.board.close()
        await self.board.ended()
        await self.log.close()


def web(  # noqa: PLR0913 - what pages show comes from as many places
    database: TenantDatabase,
    kafka: KafkaSettings,
    sessions: Sessions,
    refusals: Refusals,
    today: Today,
    *,
    max_viewers: int = MAX_VIEWERS,
) -> Web:
    """The pages on a database and a cluster."""
    found = assets.load()
    drawing = Drawing()
    drawing.templates.globals["assets"] = {name: one.address for name, one in found.items()}
    log = KafkaLog(kafka)
    drawing.templates.globals |= telling.WORDS
    board = Board(database, PlatformReader(database, log), drawing.parts, max_viewers=max_viewers)
    frame = Frame(database, drawing, sessions)
    pages = Pages(frame, board, refusals)
    own = (
        *_routes(pages),
        *waiting.routes(frame, today, pages.away),
        *telling.routes(frame, today.keyring, pages.away),
        *auditing.routes(frame, pages.away),
        assets.route(found),
    )
    return Web(own, board, log)


def _routes(pages: Pages) -> list[Route]:
    def guarded(page: Page) -> Page:
        async def answer(request: Request) -> Response:
            try:
                return await page(request)
            except StoreUnavailableError as error:
                return await pages.away(request, error)

        return answer

    read: dict[str, Page] = {
        "/": pages.home,
        "/live": pages.live,
        "/trace": pages.trace,
        "/trace/{id:path}": pages.trace,
        "/sign-in": pages.sign_in,
        "/enter": pages.enter,
        "/choose-password": pages.choose_password,
    }
    sent: dict[str, Page] = {"/sign-in": pages.signed_in, "/sign-out": pages.signed_out}
    return [
        *(Route(path, guarded(page), methods=["GET"]) for path, page in read.items()),
        *(Route(path, guarded(page), methods=["POST"]) for path, page in sent.items()),
    ]
