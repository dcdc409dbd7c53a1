"""Who looks at a page: a key or a person's session, sealed into a cookie no script reads and no other site sends."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.access.admission import Admission
from hub.access.keyring import HUB, SealError
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.access.sessions import Begun
from hub.access.tenants import ErasedTenantError

SEALED_FOR = f"{HUB}/session"
"""Whose key seals it: no tenant can have a slash in its name."""
HOURS = 12
COOKIE = "hub_session"
MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Sessions:
    """Gives cookies out and knows them again. Nothing is kept here, so a restart ends none.

    The key or session inside is asked for each time: whoever ends it signs its holder out.
    """

    admission: Admission
    is_secure: bool
    """Whether the outside reaches the pages by https alone."""

    @property
    def cookie(self) -> str:
        """The prefix makes browsers hold a cookie to this host and to https."""
        return f"__Host-{COOKIE}" if self.is_secure else COOKIE

    async def admit(self, token: str, *, fresh: bool = False) -> Principal | None:
        """Who shows this key, if they may look; `fresh` takes nobody for who he was a moment ago.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        with suppress(ErasedTenantError):
            key = token.strip()[:MAX_TOKEN]
            return _looking(await self.admission.keys.principal(key, fresh=fresh))
        return None

    async def viewer(self, request: Request, *, fresh: bool = False) -> Principal | None:
        """Who looks, or None where nobody is signed in; `fresh` takes nobody for who he was a moment ago.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        said = self._open(request.cookies.get(self.cookie, ""))
        if "session" in said:
            sessions = self.admission.sessions
            return _looking(await sessions.stands(said["tenant"], said["session"], fresh=fresh))
        return await self.admit(said["key"], fresh=fresh) if "key" in said else None

    def begin(self, response: Response, token: str) -> None:
        """Sign the holder of a key in."""
        self._seal(response, {"key": token.strip()})

    def begin_for(self, response: Response, begun: Begun) -> None:
        """Sign a person in."""
        self._seal(response, {"tenant": begun.tenant, "session": begun.id})

    async def end(self, request: Request, response: Response) -> None:
        """Sign them out; a person's session is over for good."""
        said = self._open(request.cookies.get(self.cookie, ""))
        if "session" in said:
            await self.admission.sessions.end(said["tenant"], said["session"], "signed out")
        self._set(response, "", 0)

    def _seal(self, response: Response, said: dict[str, Any]) -> None:
        body = orjson.dumps(said | {"until": time.time() + HOURS * 3600})
        sealed = urlsafe_b64encode(self.admission.keyring.seal(SEALED_FOR, body)).decode()
        self._set(response, sealed, HOURS * 3600)

    def _set(self, response: Response, value: str, age: int) -> None:
        response.set_cookie(
            self.cookie,
            value,
            max_age=age,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
        )

    def _open(self, cookie: str) -> dict[str, Any]:
        """What we sealed; empty where it is not ours, or too old."""
        try:
            opened = self.admission.keyring.open(SEALED_FOR, urlsafe_b64decode(cookie))
        except (SealError, ValueError):
            return {}
        said: dict[str, Any] = orjson.loads(opened)
        return said if said["until"] > time.time() else {}


def _looking(principal: Principal | None) -> Principal | None:
    """The same, if they may look at pages at all."""
    return principal if principal and principal.may(Permission.READ_TRACE) else None


def is_our_own(request: Request) -> bool:
    """Whether a page of ours sent this: what browsers say of a request no other site can forge."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched == "same-origin"
    origin = request.headers.get("origin", "")
    return origin.partition("://")[2] == request.headers.get("host")
