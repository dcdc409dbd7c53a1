"""Which sources cannot be used as they are, and what to do about each."""

from dataclasses import dataclass

from hub.access.keyring import SealError
from hub.access.sources import ALL, ErasedSourceError, SourceStore, UnusableError
from hub.adapters.postgres import Database


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source cannot be used, and what to do about it."""

    tenant: str
    name: str
    reason: str
    next: str


async def troubled_sources(database: Database, store: SourceStore) -> list[Trouble]:
    """Every source that this process could not use."""
    found = []
    for row in await database.fetch(ALL, None):
        try:
            source = store.usable(row)
            _ = source.secrets
            if source.connector.verify is not None and source.token is None:
                then = f"give it with `hub source token {row['tenant']} {row['name']}`"
                found.append(Trouble(row["tenant"], row["name"], "it has no token", then))
        except ErasedSourceError:
            continue
        except UnusableError as error:
            then = "install its connector here, or set it again with `hub source set`"
            found.append(Trouble(row["tenant"], row["name"], str(error), then))
        except SealError as error:
            then = "set HUB_MASTER_KEY to that key, or make a new secret with `hub source rotate`"
            found.append(Trouble(row["tenant"], row["name"], str(error), then))
    return found
