"""Who is calling, and whether they may: one dependency for each permission."""

from dataclasses import dataclass

from starlette.requests import Request

from hub.access.keys import Principal
from hub.access.permissions import Permission, may
from hub.api.parts import parts_of
from hub.api.problems import FORBIDDEN, UNAUTHENTICATED, ProblemError

SCHEME = "bearer"
REALM = 'Bearer realm="warranty-hub"'


@dataclass(frozen=True, slots=True)
class Allowed:
    """Gives the caller, where the caller has the permission; what a route needs is visible in it."""

    permission: Permission

    async def __call__(self, request: Request) -> Principal:
        """Raise a problem: 401 where no key proves who calls, 403 where the key does not reach."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME or not token.strip():
            raise _unknown("send your key as `Authorization: Bearer whk_...`", REALM)
        principal = await parts_of(request).keys.principal(token.strip())
        if principal is None:
            challenge = f'{REALM}, error="invalid_token"'
            detail = "this key is none of ours or was revoked; ask whoever runs the hub for one"
            raise _unknown(detail, challenge)
        request.state.principal = principal
        if not may(principal, self.permission):
            raise FORBIDDEN.error(
                f"{self.permission} is not for this key; use a key of the merchant's own"
                if principal.operator
                else f"this key lacks {self.permission}; ask whoever runs the hub for it"
            )
        return principal


def _unknown(detail: str, challenge: str) -> ProblemError:
    return UNAUTHENTICATED.error(detail, {"WWW-Authenticate": challenge})
