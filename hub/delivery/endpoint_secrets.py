"""The secrets of an endpoint: two sign while one takes the place of the other."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.delivery.secrets import Secret

KEEP = """
insert into endpoint_secret (endpoint, n, tenant, shared, private, public)
select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5 from endpoint_secret where endpoint = $1
"""
# The newest stays for a while, so that a receiver can change over; whatever is older ends.
RETIRE = """
update endpoint_secret set ends_at = clock_timestamp() + make_interval(secs => $2)
 where endpoint = $1 and ends_at is null
"""
END_OLDER = """
delete from endpoint_secret where endpoint = $1
   and (ends_at <= clock_timestamp()
        or n < (select max(n) from endpoint_secret where endpoint = $1))
"""
SECRETS = """
select n, public, created_at, ends_at from endpoint_secret
 where endpoint = $1 and (ends_at is null or ends_at > clock_timestamp()) order by n desc
"""
NEWEST = "select shared, private from endpoint_secret where endpoint = $1 order by n desc limit 1"


class LiveSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that signs, without its secret half."""

    n: int
    public: str
    created_at: datetime
    ends_at: datetime | None


async def live_secrets(queries: Queries, name: str) -> list[LiveSecret]:
    """What signs now, newest first."""
    rows = await queries.fetch(SECRETS, name)
    return [LiveSecret(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class Drawer:
    """Where the secrets of one endpoint lie."""

    queries: Queries
    keyring: Keyring
    tenant: str
    endpoint: str

    async def keep(self, secret: Secret) -> None:
        """Have it sign."""
        sealed = secret.sealed(self.keyring, self.tenant)
        await self.queries.execute(KEEP, self.endpoint, self.tenant, *sealed, secret.public)

    async def newest(self) -> Secret:
        """The one that was made last."""
        (sealed,) = await self.queries.fetch(NEWEST, self.endpoint)
        return await Secret.opened(self.keyring, self.tenant, *sealed)

    async def replace(self, secret: Secret, grace: float) -> None:
        """Have it sign in the place of the one before, which signs too until the grace is over."""
        await self.queries.execute(END_OLDER, self.endpoint)
        await self.queries.execute(RETIRE, self.endpoint, grace)
        await self.keep(secret)
