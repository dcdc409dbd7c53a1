"""Makes tables, topics, tenants, their sources and keys, and so all that a first warranty needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub import bootstrap, registry
from hub.access import basic, keys, tenants
from hub.access.keyring import HUB
from hub.access.limits import LOAD, SYSTEM, Limit, set_limits
from hub.access.permissions import Role
from hub.access.sources import SourceStore
from hub.adapters.kafka import apply_topics
from hub.adapters.postgres import Database, migrate
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.place import DemoError, Place
from hub.dev.demo.receivers import connect_receivers
from hub.dev.demo.staff import hire
from hub.dev.simulator.doors import PUBLISHED, SOURCE
from hub.dev.simulator.goods import MERCHANTS, PARTNERS, WORKSHOP
from hub.settings import Settings

PATIENCE_DAYS = 14
LOGINS = 600
"""A minute of each account: scripts that walk through the demo sign in at every step."""
PERSON = "desk"
"""The key that is meant for whoever looks at the demo, and the source of what they report."""
ADMIN = "admin"
"""The key that looks after what waits."""


@dataclass(frozen=True, slots=True)
class Private:
    """What was given out and cannot be read again; kept in `demo.json` from run to run."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """By tenant and principal: `voltage/desk`."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """By tenant and source: `voltage/pos`."""
    password: str = ""
    """Of the demo's people (hub/dev/demo/staff.py)."""

    def as_json(self) -> dict[str, Mapping[str, str] | str]:
        return {"keys": self.keys, "secrets": self.secrets, "password": self.password}


async def prepare_database(settings: Settings, place: Place) -> tuple[Figures, Private]:
    """Make tables, tenants, sources and keys; gives what the ledger of earlier runs says."""
    await migrate(settings.postgres.get_secret_value())
    kept = Private(**place.read().get("private", {}))
    async with bootstrap.database(settings, size=1) as db:
        for merchant in MERCHANTS:
            await tenants.put(db, merchant.tenant, merchant.coverage_months, PATIENCE_DAYS)
            await set_limits(db, merchant.tenant, LOAD | {Limit.AUTH: LOGINS}, SYSTEM)
            user, known = PUBLISHED
            await basic.issue(db, merchant.tenant, user, SYSTEM, known=known)
        secrets = await _secrets(settings, db, place, kept.secrets)
        password = await hire(settings, db, kept.password)
        await _receivers(settings, db, place)
        private = Private(await _keys(db, kept.keys), secrets, password)
        figures = await read(db, None, drop=place.drop, partitions=settings.partitions)
    place.note(private=private.as_json())
    return figures, private


async def _receivers(settings: Settings, db: Database, place: Place) -> None:
    """Their endpoints, and an empty book for what they take from now on."""
    place.book.unlink(missing_ok=True)
    since = await db.fetchval("select extract(epoch from clock_timestamp())::float8")
    endpoints = await connect_receivers(settings, db, place.read()["ports"])
    place.note(told={"since": since, "endpoints": endpoints})


async def _secrets(
    settings: Settings, db: Database, place: Place, kept: Mapping[str, str]
) -> dict[str, str]:
    """The source of each merchant's tills, with a folder to drop files into."""
    store = SourceStore(registry.connectors(), await bootstrap.knowing(settings, db))
    found: dict[str, str] = {}
    for merchant in MERCHANTS:
        tenant, name = merchant.tenant, f"{merchant.tenant}/{SOURCE}"
        new = await store.put(db, tenant, SOURCE, "pos", merchant.source_settings)
        found[name] = new or kept.get(name) or await store.rotate(db, tenant, SOURCE)
        (place.drop / tenant / SOURCE).mkdir(parents=True, exist_ok=True)
    return found


async def _keys(db: Database, kept: Mapping[str, str]) -> dict[str, str]:
    holders = [(HUB, PERSON, Role.OPERATOR)]
    for merchant in MERCHANTS:
        systems = (PERSON, *PARTNERS, WORKSHOP)
        holders += [(merchant.tenant, name, Role.INTEGRATION) for name in systems]
        holders.append((merchant.tenant, ADMIN, Role.SYSTEM_ADMIN))
    in_force = {one.id for one in await keys.issued(db) if one.revoked_at is None}
    found: dict[str, str] = {}
    for tenant, principal, role in holders:
        key = kept.get(f"{tenant}/{principal}", "")
        match = keys.TOKEN.fullmatch(key)
        if match is None or match["id"] not in in_force:
            key = await keys.issue(db, tenant, principal, role=role)
        found[f"{tenant}/{principal}"] = key
    return found


async def prepare_topics(settings: Settings) -> None:
    """Make the topics.

    Raises:
        DemoError: they are those of a run with other settings.

    """
    drift = await apply_topics(
        settings.kafka_settings(),
        registry.topics(),
        partitions=settings.partitions,
        replication=settings.replication,
    )
    if drift:
        raise DemoError(f"{drift[0]}; make clean-state begins anew with other partitions")
