"""The pages: who may see which, and what each needs."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.access.keyring import HUB
from hub.access.keys import Principal
from hub.adapters.postgres import TenantDatabase
from hub.api.counting import NOTED
from hub.audit.refusals import Refusals, refused
from hub.sdk.failures import StoreUnavailableError
from hub.trail.resolve import correlations
from hub.trail.trace import search
from hub.web.board import Board
from hub.web.draw import Drawing
from hub.web.headers import PRIVATE
from hub.web.session import Sessions, is_our_own
from hub.web.stream import LiveResponse

TENANTS = "select id from tenant_names order by id"
DOOR = "web"
MAX_ASKED = 300
MAX_FORM = 4096
ELSEWHERE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pages:
    """What a person can open, read and send."""

    database: TenantDatabase
    board: Board
    drawing: Drawing
    sessions: Sessions
    refusals: Refusals

    async def home(self, request: Request) -> Response:
        """The board."""
        viewer = await self.sessions.viewer(request)
        if viewer is None:
            return _to_sign_in(request)
        tenants = await self._tenants(viewer)
        tenant = _chosen(request, viewer, tenants)
        seen = await self.board.look(tenant)
        return self._page(
            "board",
            viewer=viewer,
            tenant=tenant,
            tenants=tenants,
            seen=seen,
            parts=self.drawing.parts(seen),
            still="still" in request.query_params,
        )

    async def live(self, request: Request) -> Response:
        """The board's stream of changes."""
        viewer = await self.sessions.viewer(request)
        if viewer is None:
            return self._problem(401, "Nobody is signed in", "Sign in again to go on looking.")
        tenant = _chosen(request, viewer, await self._tenants(viewer))

        async def may() -> bool:
            try:
                return await self.sessions.viewer(request) is not None
            except StoreUnavailableError:
                # Nothing is looked up meanwhile; the next beat asks again.
                return True

        return LiveResponse(self.board, tenant, may)

    async def trace(self, request: Request) -> Response:
        """One payload's whole way, under whatever name somebody knows it by."""
        viewer = await self.sessions.viewer(request)
        if viewer is None:
            return _to_sign_in(request)
        asked = request.path_params.get("id") or request.query_params.get("q", "")
        asked = asked.strip()[:MAX_ASKED]
        if not asked:
            return RedirectResponse("/", 303, dict(PRIVATE))
        tenants = await self._tenants(viewer)
        tenant = _chosen(request, viewer, tenants)
        async with self.database.speaking_for(tenant) as queries:
            # No text in Postgres holds a NUL, so nothing is known under one.
            traces = [] if "\0" in asked else await search(queries, tenant, asked)
        said: dict[str, Any] = {"viewer": viewer, "tenant": tenant, "asked": asked}
        if traces:
            return self._page("trace", traces=traces, **said)
        elsewhere = await self._known_elsewhere(asked, [one for one in tenants if one != tenant])
        return self._page("trace", 404, traces=(), elsewhere=elsewhere, **said)

    async def sign_in(self, request: Request) -> Response:
        """Where a key is pasted."""
        if await self.sessions.viewer(request):
            return RedirectResponse("/", 303, dict(PRIVATE))
        onwards = _onwards(request.query_params.get("next", ""))
        return self._page("sign_in", next=onwards, refused="")

    async def enter(self, _request: Request) -> Response:
        """Where an address with a key behind its `#` leads; the key never reaches a log."""
        return self._page("enter")

    async def signed_in(self, request: Request) -> Response:
        """Look at the key, and remember its holder."""
        if not is_our_own(request):
            return self._not_ours()
        said = await _form(request)
        key, onwards = said.get("key", ""), _onwards(said.get("next", ""))
        if not await self.sessions.admit(key):
            self._note(request, len(key))
            wrong = "This key is none of ours, or was revoked. Look for a missing character."
            return self._page("sign_in", 401, next=onwards, refused=wrong)
        answer = RedirectResponse(onwards, 303, dict(PRIVATE))
        self.sessions.begin(answer, key)
        return answer

    async def signed_out(self, request: Request) -> Response:
        """Forget who looks."""
        if not is_our_own(request):
            return self._not_ours()
        answer = RedirectResponse("/sign-in", 303, dict(PRIVATE))
        self.sessions.end(answer)
        return answer

    async def away(self, _request: Request, _error: Exception) -> Response:
        """While Postgres is away nobody can be known, so nothing can be shown."""
        detail = (
            "Postgres does not answer, so nobody can be known and nothing looked up. What is taken "
            "in waits safely on Kafka. This page tries again every 5 seconds."
        )
        return self._problem(503, "One moment", detail, again=5)

    async def _tenants(self, viewer: Principal) -> list[str]:
        if not viewer.operator:
            return [viewer.tenant]
        return [*(row["id"] for row in await self.database.fetch(TENANTS)), HUB]

    async def _known_elsewhere(self, asked: str, tenants: list[str]) -> list[str]:
        """The other tenants whom a viewer may look at and that know it; as many as are quickly asked."""
        known: list[str] = []
        try:
            async with asyncio.timeout(ELSEWHERE_SECONDS):
                for tenant in tenants if "\0" not in asked else ():
                    async with self.database.speaking_for(tenant) as queries:
                        if await correlations(queries, tenant, asked, 1):
                            known.append(tenant)
        except TimeoutError:
            return known
        return known

    def _note(self, request: Request, size: int) -> None:
        """Have it written down, without a word or a hash of what was tried."""
        said = refused(
            DOOR, request.url.path, 401, "no key of ours, or not for pages", b"", size=size
        )
        self.refusals.note(said, request.client.host if request.client else "")
        request.scope[NOTED] = True

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        html = self.drawing.page(name, **{"viewer": None, "tenant": "", **values})
        return HTMLResponse(html, status, dict(PRIVATE))

    def _problem(self, status: int, title: str, detail: str, again: int = 0) -> Response:
        answer = self._page("problem", status, title=title, detail=detail, again=again)
        if again:
            answer.headers["Retry-After"] = str(again)
        return answer

    def _not_ours(self) -> Response:
        detail = "Only a page of the hub may send this. Open the hub's own address and try again."
        return self._problem(403, "Sent from elsewhere", detail)


def _chosen(request: Request, viewer: Principal, tenants: list[str]) -> str:
    """An operator looks at any tenant, everybody else at their own."""
    asked = request.query_params.get("tenant", "")
    return asked if viewer.operator and asked in tenants else tenants[0]


def _to_sign_in(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303, dict(PRIVATE))


def _onwards(wanted: str) -> str:
    """A path of ours, whatever was asked for."""
    parts = urlsplit(wanted.replace("\\", "/"))
    ours = wanted.startswith("/") and not (parts.scheme or parts.netloc) and wanted.isprintable()
    return wanted if ours and not wanted.startswith(("//", "/\\")) else "/"


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; a larger one has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return {name: values[-1] for name, values in fields.items()}
