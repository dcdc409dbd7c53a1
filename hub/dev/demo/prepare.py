"""Makes tables, topics, tenants, their sources and keys, and so all that a first warranty needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub import bootstrap, registry
from hub.access import keys, tenants
from hub.access.keyring import HUB
from hub.access.sources import SourceStore
from hub.adapters.kafka import apply_topics
from hub.adapters.postgres import Database, migrate
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.place import DemoError, Place
from hub.dev.simulator.doors import SOURCE
from hub.dev.simulator.goods import MERCHANTS, PARTNERS
from hub.settings import Settings

PATIENCE_DAYS = 14
PERSON = "desk"
"""The key that is meant for whoever looks at the demo, and the source of what they report."""


@dataclass(frozen=True, slots=True)
class Private:
    """What was given out and cannot be read again; kept in `demo.json` from run to run."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """By tenant and principal: `voltage/desk`."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """By tenant and source: `voltage/pos`."""

    def as_json(self) -> dict[str, Mapping[str, str]]:
        return {"keys": self.keys, "secrets": self.secrets}


async def prepare_database(settings: Settings, place: Place) -> tuple[Figures, Private]:
    """Make tables, tenants, sources and keys; gives what the ledger of earlier runs says."""
    await migrate(settings.postgres.get_secret_value())
    kept = Private(**place.read().get("private", {}))
    async with bootstrap.database(settings, size=1) as db:
        for merchant in MERCHANTS:
            await tenants.put(db, merchant.tenant, merchant.coverage_months, PATIENCE_DAYS)
        secrets = await _secrets(settings, db, place, kept.secrets)
        private = Private(await _keys(db, kept.keys), secrets)
        figures = await read(db, None, drop=place.drop, partitions=settings.partitions)
    place.note(private=private.as_json())
    return figures, private


async def _secrets(
    settings: Settings, db: Database, place: Place, kept: Mapping[str, str]
) -> dict[str, str]:
    """The source of each merchant's tills, with a folder to drop files into."""
    store = SourceStore(registry.connectors(), bootstrap.keyring(settings))
    found: dict[str, str] = {}
    for merchant in MERCHANTS:
        tenant, name = merchant.tenant, f"{merchant.tenant}/{SOURCE}"
        new = await store.put(db, tenant, SOURCE, "pos", merchant.source_settings)
        found[name] = new or kept.get(name) or await store.rotate(db, tenant, SOURCE)
        (place.drop / tenant / SOURCE).mkdir(parents=True, exist_ok=True)
    return found


async def _keys(db: Database, kept: Mapping[str, str]) -> dict[str, str]:
    holders = [(HUB, PERSON)]
    for merchant in MERCHANTS:
        holders += [(merchant.tenant, name) for name in (PERSON, *PARTNERS)]
    in_force = {one.id for one in await keys.issued(db) if one.revoked_at is None}
    found: dict[str, str] = {}
    for tenant, principal in holders:
        key = kept.get(f"{tenant}/{principal}", "")
        match = keys.TOKEN.fullmatch(key)
        if match is None or match["id"] not in in_force:
            key = await keys.issue(db, tenant, principal)
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
