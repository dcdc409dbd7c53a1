"""The stream of changes to one viewer, as server-sent events."""

from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from hub.web.board import Board, May, TooManyViewersError
from hub.web.headers import PRIVATE


class LiveResponse(StreamingResponse):
    """Holds its place among the viewers for exactly as long as it is being sent."""

    def __init__(self, board: Board, tenant: str, may: May) -> None:
        """Prepare; the place is taken when the answer begins."""
        headers = {**PRIVATE, "X-Accel-Buffering": "no"}
        super().__init__((), headers=headers, media_type="text/event-stream")
        self._board = board
        self._tenant = tenant
        self._may = may

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the viewer leaves or the board closes."""
        try:
            async with self._board.watching(self._tenant, self._may) as changes:
                self.body_iterator = changes
                await super().__call__(scope, receive, send)
        except TooManyViewersError as error:
            headers = {**PRIVATE, "Retry-After": "30"}
            await PlainTextResponse(f"{error}\n", 503, headers)(scope, receive, send)
