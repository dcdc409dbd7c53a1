"""What every page needs: who looks and at whose things, forms, and answers in one dress."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.access.keyring import HUB
from hub.access.principals import Principal
from hub.adapters.postgres import TenantDatabase
from hub.web.draw import Drawing
from hub.web.headers import PRIVATE
from hub.web.session import Sessions

TENANTS = "select id from tenant_names order by id"
MAX_FORM = 4096


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who looks, and the tenant whose things are looked at."""

    viewer: Principal
    tenant: str
    tenants: list[str]
    """All whose things may be looked at."""

    @property
    def query(self) -> str:
        """What keeps the tenant in an address; only an operator chooses one."""
        return f"tenant={quote(self.tenant)}" if self.viewer.operator else ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Draws pages for whoever is signed in."""

    database: TenantDatabase
    drawing: Drawing
    sessions: Sessions

    async def seat(self, request: Request, *, fresh: bool = False) -> Seat | None:
        """Who looks; None where nobody is signed in. `fresh` takes nobody for who he was a moment ago."""
        viewer = await self.sessions.viewer(request, fresh=fresh)
        if viewer is None:
            return None
        tenants = await self.tenants(viewer)
        return Seat(viewer, chosen(request, viewer, tenants), tenants)

    async def tenants(self, viewer: Principal) -> list[str]:
        """Whose things somebody may look at."""
        if not viewer.operator:
            return [viewer.tenant]
        return [*(row["id"] for row in await self.database.fetch(TENANTS)), HUB]

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """A page."""
        html = self.drawing.page(name, **{"viewer": None, "tenant": "", **values})
        return HTMLResponse(html, status, dict(PRIVATE))

    def seated(self, seat: Seat, name: str, status: int = 200, **values: Any) -> Response:
        """A page about the things of one tenant."""
        return self.page(name, status, viewer=seat.viewer, tenant=seat.tenant, seat=seat, **values)

    def problem(self, status: int, title: str, detail: str, again: int = 0) -> Response:
        """What went wrong, and what to do; with `again` it is tried again by itself."""
        answer = self.page("problem", status, title=title, detail=detail, again=again)
        if again:
            answer.headers["Retry-After"] = str(again)
        return answer

    def not_ours(self) -> Response:
        """Another site sent this."""
        detail = "Only a page of the hub may send this. Open the hub's own address and try again."
        return self.problem(403, "Sent from elsewhere", detail)


def chosen(request: Request, viewer: Principal, tenants: list[str]) -> str:
    """An operator looks at any tenant, everybody else at their own."""
    asked = request.query_params.get("tenant", "")
    return asked if viewer.operator and asked in tenants else tenants[0]


def to_sign_in(request: Request) -> Response:
    """Where nobody is signed in; leads back to what can be read."""
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = request.url.path + query if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303, dict(PRIVATE))


async def form(request: Request, most: int = MAX_FORM) -> dict[str, str]:
    """The fields of a form; one that is larger has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return {name: values[-1] for name, values in fields.items()}
