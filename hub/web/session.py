"""Who looks at a page: an API key, sealed into a cookie that scripts cannot read and others cannot send."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.access.keyring import HUB, Keyring, SealError
from hub.access.keys import Keys, Principal
from hub.access.permissions import Permission, may

SEALED_FOR = f"{HUB}/session"
"""Whose key seals it: no tenant can have a slash in its name."""
HOURS = 12
COOKIE = "hub_session"
MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Sessions:
    """Gives sessions out and knows them again. Nothing is kept here, so a restart ends none.

    The key inside is asked for each time: whoever revokes it ends its sessions too.
    """

    keys: Keys
    keyring: Keyring
    is_secure: bool
    """Whether the outside reaches the pages by https alone."""

    @property
    def cookie(self) -> str:
        """The prefix makes browsers hold a cookie to this host and to https."""
        return f"__Host-{COOKIE}" if self.is_secure else COOKIE

    async def admit(self, token: str) -> Principal | None:
        """Who shows this key, if they may look.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        principal = await self.keys.principal(token.strip()[:MAX_TOKEN])
        return principal if principal and may(principal, Permission.READ_TRACE) else None

    async def viewer(self, request: Request) -> Principal | None:
        """Who looks, or None where nobody is signed in.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        token = self._open(request.cookies.get(self.cookie, ""))
        return await self.admit(token) if token else None

    def begin(self, response: Response, token: str) -> None:
        """Sign somebody in."""
        body = orjson.dumps({"key": token.strip(), "until": time.time() + HOURS * 3600})
        sealed = urlsafe_b64encode(self.keyring.seal(SEALED_FOR, body)).decode()
        self._set(response, sealed, HOURS * 3600)

    def end(self, response: Response) -> None:
        """Sign them out."""
        self._set(response, "", 0)

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

    def _open(self, cookie: str) -> str | None:
        try:
            said = orjson.loads(self.keyring.open(SEALED_FOR, urlsafe_b64decode(cookie)))
        except (SealError, ValueError):
            return None
        return str(said["key"]) if said["until"] > time.time() else None


def is_our_own(request: Request) -> bool:
    """Whether a page of ours sent this: what browsers say of a request no other site can forge."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched == "same-origin"
    origin = request.headers.get("origin", "")
    return origin.partition("://")[2] == request.headers.get("host")
