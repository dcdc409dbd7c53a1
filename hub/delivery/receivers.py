"""Endpoints ready to be sent to: their secrets opened, remembered until they change or a while is over."""

import time
from dataclasses import dataclass, field

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.delivery.destinations import Receiver
from hub.delivery.secrets import Secret

MAX_AGE = 30.0
MOST = 5_000

ONE = """
select e.id, e.tenant, e.version, e.kind, e.address, e.payload, e.at_once, e.timeout, e.locale
  from endpoint e where e.id = $1
"""
SECRETS = """
select shared, private from endpoint_secret
 where endpoint = $1 and (ends_at is null or ends_at > clock_timestamp()) order by n desc limit 2
"""


@dataclass(slots=True)
class Receivers:
    """Receivers by id and version."""

    database: Database
    keyring: Keyring
    _known: dict[str, tuple[float, Receiver]] = field(default_factory=dict)

    async def get(self, endpoint: str, version: int) -> Receiver:
        """The receiver, no older than this version.

        Raises:
            StoreUnavailableError: it cannot be read.
            SealError: its secrets were sealed with a key that is unknown or gone.

        """
        found = self._known.get(endpoint)
        if found and found[1].version >= version and time.monotonic() - found[0] < MAX_AGE:
            return found[1]
        receiver = await self._read(endpoint)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[endpoint] = (time.monotonic(), receiver)
        return receiver

    async def _read(self, endpoint: str) -> Receiver:
        row = await self.database.fetchrow(ONE, endpoint)
        sealed = await self.database.fetch(SECRETS, endpoint)
        secrets = [
            await Secret.opened(self.keyring, row["tenant"], one["shared"], one["private"])
            for one in sealed
        ]
        return Receiver(**dict(row), secrets=tuple(secrets))
