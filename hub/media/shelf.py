"""Where clean files lie: sealed with their tenant's key, each once."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.domain.errors import HubError
from hub.media.cleaning import Clean
from schemas.refs import derived_id

PUT = """
insert into media (id, tenant, warranty, kind, size, width, height, pages, sealed, sent_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing
"""
COUNT = "select count(*) as n from media where warranty = $1 and id <> $2"
ONE = "select id, warranty, kind, size, width, height, pages, sealed, sent_at from media where id = $1"
MOST = 40
"""Files of one warranty: what is more than that shows nothing new."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on the shelf."""

    id: str
    warranty: str
    kind: str
    size: int
    width: int
    height: int
    pages: int
    sent_at: datetime
    body: bytes


def media_id(tenant: str, warranty: str, sent: bytes) -> str:
    """The same file of the same warranty has the same id, however often it is sent."""
    return derived_id("med", tenant, warranty, sha256(sent).hexdigest())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs, and who sent it."""

    tenant: str
    warranty: str
    sent_by: str


class FullError(HubError):
    """A warranty has as many files as it may have."""


async def keep(queries: Queries, keyring: Keyring, place: Place, sent: bytes, clean: Clean) -> str:
    """Put a file on the shelf, once; gives its id.

    Raises:
        FullError: there are too many of this warranty.

    """
    tenant, warranty = place.tenant, place.warranty
    identifier = media_id(tenant, warranty, sent)
    (count,) = await queries.fetch(COUNT, warranty, identifier)
    if count["n"] >= MOST:
        raise FullError(f"warranty {warranty} has {MOST} files; nothing new can be sent about it")
    sealed = keyring.seal(tenant, clean.body)
    size = (len(clean.body), clean.width, clean.height, clean.pages)
    await queries.execute(
        PUT, identifier, tenant, warranty, clean.kind, *size, sealed, place.sent_by
    )
    return identifier


async def opened(queries: Queries, keyring: Keyring, tenant: str, media: str) -> Kept | None:
    """A file of this tenant's; None where there is none, or it was erased.

    Raises:
        SealError: it cannot be opened any more.

    """
    rows = await queries.fetch(ONE, media)
    if not rows:
        return None
    row = dict(rows[0])
    body = await keyring.opened(tenant, row.pop("sealed"))
    return Kept(**row, body=body)
