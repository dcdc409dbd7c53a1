"""Looks an installation over and says of each thing that is not well what to do next."""

import asyncio

from hub.adapters.kafka.cluster import describe_cluster
from hub.adapters.postgres import Database
from hub.recovery.doctor.findings import Finding, Installation, Level
from hub.recovery.doctor.kafka import look_at_kafka, safety
from hub.recovery.doctor.postgres import DURABILITY, durability_of, look_at_postgres

__all__ = ["Finding", "Installation", "Level", "doctor", "production_refusals"]


async def doctor(installation: Installation) -> list[Finding]:
    """Look at Kafka, at Postgres, and at what the ledger says of both."""
    kafka, postgres = await asyncio.gather(
        look_at_kafka(installation), look_at_postgres(installation)
    )
    return kafka + postgres


async def production_refusals(installation: Installation, database: Database) -> list[str]:
    """Why a production profile must not start here; empty where it may, or outside production."""
    if not installation.production:
        return []
    names = [topic.name for topic in installation.topics]
    cluster = await describe_cluster(installation.kafka, names)
    durability = await database.fetchrow(DURABILITY)
    findings = [*safety(cluster), *durability_of(durability, installation)]
    return [str(one) for one in findings if one.level is Level.PROBLEM]
