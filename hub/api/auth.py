"""Who is calling, whether they may, and how much: one dependency for each permission."""

import math
from dataclasses import dataclass

from starlette.requests import Request

from hub.access import basic, upload_tokens
from hub.access.limits import OPERATORS, PEERS, Limit, Standing
from hub.access.peers import peer
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.access.tenants import ErasedTenantError
from hub.api.parts import parts_of
from hub.api.problems import FORBIDDEN, LIMITED, UNAUTHENTICATED, ProblemError

SCHEME = "bearer"
REALM = 'Bearer realm="warranty-hub"'
BASIC_REALM = 'Basic realm="warranty-hub", charset="UTF-8"'
READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """Gives the caller, where the caller has the permission; what a route needs is visible in it."""

    permission: Permission
    limit: Limit | None = None
    """What a request counts as; by its method where None."""
    fresh: bool = False
    """Whether nobody is taken for who he was a moment ago: what is given out here outlives its giver."""

    async def __call__(self, request: Request) -> Principal:
        """Raise a problem: 401 where nothing proves who calls, 429 where it is too much, 403 where not."""
        principal = await known(request, fresh=self.fresh)
        return await self.admit(request, principal)

    async def admit(self, request: Request, principal: Principal) -> Principal:
        """The same for a caller who is known already."""
        request.state.principal = principal
        await count_request(request, principal, self.limit)
        if not principal.may(self.permission):
            raise FORBIDDEN.error(
                f"{self.permission} is not for this key; use a key of the merchant's own"
                if principal.operator
                else f"you lack {self.permission}; ask whoever runs the hub for it"
            )
        return principal


@dataclass(frozen=True, slots=True)
class AllowedBasic:
    """The same for published interfaces that ask for HTTP Basic; their path names the tenant."""

    permission: Permission
    limit: Limit | None = None

    async def __call__(self, request: Request, tenant: str) -> Principal:
        """Raise a problem, as `Allowed` does."""
        said = basic.shown(request.headers.get("authorization", ""))
        if said is None:
            raise _unknown("send user name and password as HTTP Basic", BASIC_REALM)
        principal = parts_of(request).admission.basic.remembered(tenant, *said)
        principal = principal or await _compared(request, tenant, *said)
        return await Allowed(self.permission, self.limit).admit(request, principal)


@dataclass(frozen=True, slots=True)
class AllowedUpload:
    """The same where a token for files about the warranty of the path does, too."""

    permission: Permission
    limit: Limit | None = None

    async def __call__(self, request: Request) -> Principal:
        """Raise a problem, as `Allowed` does."""
        keys, warranty = parts_of(request).admission.token_keys, request.path_params["warranty"]
        principal = await upload_tokens.holder(keys, token_of(request), warranty)
        allowed = Allowed(self.permission, self.limit)
        return await allowed.admit(request, principal or await known(request))


async def _compared(request: Request, tenant: str, name: str, password: str) -> Principal:
    """Who this is by the slow hash, of which nobody who guesses has more than a minute's worth.

    What is said of that minute is the installation's own, so that it tells of no merchant.
    """
    admission, guesser = parts_of(request).admission, f"basic/peer/{peer_of(request)}"
    if not admission.basic.was_right(tenant, name, password):
        standing = admission.limits.used_up("", guesser, Limit.WRITE)
        if standing is None:
            standing = await admission.limits.take("", f"basic/{tenant}/{name}", Limit.READ)
        count(request, standing)
    principal = await admission.basic.principal(tenant, name, password)
    if principal is None:
        # Counted afterwards: many merchants' systems may come from one address, and are none of it.
        await admission.limits.take("", guesser, Limit.WRITE, times=PEERS)
        raise _unknown("no such user, or another password", BASIC_REALM)
    return principal


async def known(request: Request, *, fresh: bool = False) -> Principal:
    """Who shows a key or an access token; `fresh` as the store has it now.

    Raises:
        ProblemError: 401.

    """
    challenge = f'{REALM}, error="invalid_token"'
    try:
        principal = await parts_of(request).admission.bearer(token_of(request), fresh=fresh)
    except ErasedTenantError as error:
        raise _unknown(str(error), challenge) from error
    if principal is None:
        detail = (
            "this key or token is none of ours, or is over; sign in again, "
            "or ask whoever runs the hub for a key"
        )
        raise _unknown(detail, challenge)
    return principal


def token_of(request: Request) -> str:
    """What a caller shows.

    Raises:
        ProblemError: 401, where it is nothing.

    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise _unknown("send your key as `Authorization: Bearer whk_...`", REALM)
    return token.strip()


async def count_request(request: Request, caller: Principal, limit: Limit | None = None) -> None:
    """Count one request of a caller, by its method where nothing else is said.

    Raises:
        ProblemError: 429.

    """
    kind = limit or (Limit.READ if request.method in READING else Limit.WRITE)
    limits, times = parts_of(request).admission.limits, OPERATORS if caller.operator else 1
    count(request, await limits.take(caller.tenant, caller.name, kind, times=times))


async def count_try(request: Request, tenant: str, account: str) -> None:
    """Count one try at an account, and one of whoever tries.

    Raises:
        ProblemError: 429.

    """
    limits = parts_of(request).admission.limits
    count(request, await limits.take("", f"peer/{peer_of(request)}", Limit.AUTH, times=PEERS))
    if account:
        count(request, await limits.take(tenant, account, Limit.AUTH))


def count(request: Request, standing: Standing) -> None:
    """Tell the answer how the caller stands.

    Raises:
        ProblemError: 429, where a minute's worth is used up.

    """
    request.state.standing = standing
    if not standing.is_taken:
        seconds = math.ceil(standing.wait)
        detail = (
            f"{standing.per_minute} a minute are yours for {standing.kind}; "
            f"repeat it in {seconds} s, or ask whoever runs the hub for more"
        )
        raise LIMITED.error(detail, {"Retry-After": str(seconds)})


def peer_of(request: Request) -> str:
    """The address of whoever asks, behind as many proxies of ours as there are."""
    direct = request.client.host if request.client else ""
    return peer(direct, request.headers.getlist("x-forwarded-for"), parts_of(request).proxies)


def _unknown(detail: str, challenge: str) -> ProblemError:
    return UNAUTHENTICATED.error(detail, {"WWW-Authenticate": challenge})
