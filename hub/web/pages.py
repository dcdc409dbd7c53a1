"""The pages: who may see which, and what each needs."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.passwords import LONGEST
from hub.access.permissions import Permission
from hub.access.tenants import NAME
from hub.api.auth import count_try, peer_of
from hub.api.counting import NOTED
from hub.api.problems import ProblemError
from hub.audit.refusals import Refusals, refused
from hub.sdk.failures import StoreUnavailableError
from hub.trail.resolve import correlations
from hub.trail.trace import search
from hub.web.board import Board
from hub.web.frame import Frame, chosen, form, to_sign_in
from hub.web.headers import PRIVATE
from hub.web.session import is_our_own
from hub.web.stream import LiveResponse

DOOR = "web"
MAX_ASKED = 300
MAX_NAME, MAX_EMAIL = 63, 254
ELSEWHERE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pages:
    """What a person can open, read and send."""

    frame: Frame
    board: Board
    refusals: Refusals

    async def home(self, request: Request) -> Response:
        """The board."""
        viewer = await self.frame.sessions.viewer(request)
        if viewer is None:
            return to_sign_in(request)
        tenants = await self.frame.tenants(viewer)
        tenant = chosen(request, viewer, tenants)
        seen = await self.board.look(tenant)
        return self.frame.page(
            "board",
            viewer=viewer,
            tenant=tenant,
            tenants=tenants,
            seen=seen,
            parts=self.frame.drawing.parts(seen),
            still="still" in request.query_params,
        )

    async def live(self, request: Request) -> Response:
        """The board's stream of changes."""
        viewer = await self.frame.sessions.viewer(request)
        if viewer is None:
            return self.frame.problem(401, "Nobody is signed in", "Sign in again to go on looking.")
        tenant = chosen(request, viewer, await self.frame.tenants(viewer))

        async def may() -> bool:
            try:
                return await self.frame.sessions.viewer(request) is not None
            except StoreUnavailableError:
                # Nothing is looked up meanwhile; the next beat asks again.
                return True

        return LiveResponse(self.board, tenant, may)

    async def trace(self, request: Request) -> Response:
        """One payload's whole way, under whatever name somebody knows it by."""
        viewer = await self.frame.sessions.viewer(request)
        if viewer is None:
            return to_sign_in(request)
        asked = request.path_params.get("id") or request.query_params.get("q", "")
        asked = asked.strip()[:MAX_ASKED]
        if not asked:
            return RedirectResponse("/", 303, dict(PRIVATE))
        tenants = await self.frame.tenants(viewer)
        tenant = chosen(request, viewer, tenants)
        async with self.frame.database.speaking_for(tenant) as queries:
            # No text in Postgres holds a NUL, so nothing is known under one.
            traces = [] if "\0" in asked else await search(queries, tenant, asked)
        said: dict[str, Any] = {"viewer": viewer, "tenant": tenant, "asked": asked}
        if traces:
            return self.frame.page("trace", traces=traces, **said)
        elsewhere = await self._known_elsewhere(asked, [one for one in tenants if one != tenant])
        return self.frame.page("trace", 404, traces=(), elsewhere=elsewhere, **said)

    async def sign_in(self, request: Request) -> Response:
        """Where a key is pasted."""
        if await self.frame.sessions.viewer(request):
            return RedirectResponse("/", 303, dict(PRIVATE))
        onwards = _onwards(request.query_params.get("next", ""))
        return self.frame.page("sign_in", next=onwards, refused="")

    async def enter(self, _request: Request) -> Response:
        """Where an address with a key behind its `#` leads; the key never reaches a log."""
        return self.frame.page("enter")

    async def signed_in(self, request: Request) -> Response:
        """Look at the key or the password, and remember whose it is."""
        if not is_our_own(request):
            return self.frame.not_ours()
        said = await form(request)
        key, onwards = said.get("key", ""), _onwards(said.get("next", ""))
        if not key and "email" in said:
            return await self._signed_in_by_password(request, said, onwards)
        if not await self.frame.sessions.admit(key):
            self._note(request, len(key))
            wrong = "This key is none of ours, or was revoked. Look for a missing character."
            return self.frame.page("sign_in", 401, next=onwards, refused=wrong)
        answer = RedirectResponse(onwards, 303, dict(PRIVATE))
        self.frame.sessions.begin(answer, key)
        return answer

    async def _signed_in_by_password(
        self, request: Request, said: dict[str, str], onwards: str
    ) -> Response:
        tenant, email, password = (said.get(name, "") for name in ("tenant", "email", "password"))
        tenant, sessions = tenant.strip().lower()[:MAX_NAME], self.frame.sessions
        typed = {"next": onwards, "tenant_typed": tenant, "email_typed": email[:MAX_EMAIL]}
        signing = sessions.admission.signing_in
        # Nobody is a merchant whose name cannot be one.
        tenant = tenant if NAME.fullmatch(tenant) else ""
        try:
            await count_try(request, tenant, signing.account(tenant, email[:MAX_EMAIL]))
        except ProblemError as error:
            wait = error.headers["Retry-After"]
            wrong = f"That was tried too often. Try again in {wait} s."
            return self.frame.page("sign_in", 429, refused_person=wrong, **typed)
        is_short = len(password) <= LONGEST and len(email) <= MAX_EMAIL
        peer = peer_of(request)
        begun = await signing.login(tenant, email, password, peer) if is_short else None
        if begun is None or not begun.role.may(Permission.READ_TRACE):
            self._note(request, len(password))
            wrong = "Merchant, e-mail address and password do not fit, or are not for these pages."
            return self.frame.page("sign_in", 401, refused_person=wrong, **typed)
        answer = RedirectResponse(onwards, 303, dict(PRIVATE))
        sessions.begin_for(answer, begun)
        return answer

    async def choose_password(self, _request: Request) -> Response:
        """Where the address in a mail leads; its token stands behind the `#` and reaches no log."""
        return self.frame.page("choose_password")

    async def signed_out(self, request: Request) -> Response:
        """Forget who looks."""
        if not is_our_own(request):
            return self.frame.not_ours()
        answer = RedirectResponse("/sign-in", 303, dict(PRIVATE))
        await self.frame.sessions.end(request, answer)
        return answer

    async def away(self, _request: Request, _error: Exception) -> Response:
        """While Postgres is away nobody can be known, so nothing can be shown."""
        detail = (
            "Postgres does not answer, so nobody can be known and nothing looked up. What is taken "
            "in waits safely on Kafka. This page tries again every 5 seconds."
        )
        return self.frame.problem(503, "One moment", detail, again=5)

    async def _known_elsewhere(self, asked: str, tenants: list[str]) -> list[str]:
        """The other tenants whom a viewer may look at and that know it; as many as are quickly asked."""
        known: list[str] = []
        try:
            async with asyncio.timeout(ELSEWHERE_SECONDS):
                for tenant in tenants if "\0" not in asked else ():
                    async with self.frame.database.speaking_for(tenant) as queries:
                        if await correlations(queries, tenant, asked, 1):
                            known.append(tenant)
        except TimeoutError:
            return known
        return known

    def _note(self, request: Request, size: int) -> None:
        """Have it written down, without a word or a hash of what was tried."""
        said = refused(
            DOOR, request.url.path, 401, "nobody of ours, or not for pages", b"", size=size
        )
        self.refusals.note(said, peer_of(request))
        request.scope[NOTED] = True


def _onwards(wanted: str) -> str:
    """A path of ours, whatever was asked for."""
    try:
        parts = urlsplit(wanted.replace("\\", "/"))
    except ValueError:
        return "/"
    ours = wanted.startswith("/") and not (parts.scheme or parts.netloc) and wanted.isprintable()
    return wanted if ours and not wanted.startswith(("//", "/\\")) else "/"
