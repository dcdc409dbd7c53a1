"""The servers that every test of a session shares, started when the first test asks."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from hub.adapters.postgres import Database, connect, migrate
from hub.dev import embedded

# Tests that run side by side are given the size of a terminal; what they start prints as it does into a file.
for _size in ("COLUMNS", "LINES"):
    os.environ.pop(_size, None)


@pytest.fixture(scope="session")
def server_root() -> Iterator[Path]:
    """A folder that Postgres may enter too when root runs the tests: pytest's own is private."""
    with TemporaryDirectory(prefix="warranty-hub-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def kafka(server_root: Path) -> Iterator[str]:
    """The bootstrap address of a real broker."""
    with embedded.kafka(server_root / "kafka") as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres(server_root: Path) -> Iterator[str]:
    """The DSN of a real Postgres."""
    with embedded.postgres(server_root / "postgres", durable=False) as dsn:
        yield dsn


@pytest.fixture
def topic_prefix() -> str:
    """Keeps the topics of one test apart from those of all others."""
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture(scope="session")
async def migrated(postgres: str) -> str:
    """The name of a database with the hub's schema, from which each test's own is copied."""
    admin = await asyncpg.connect(postgres)
    await admin.execute("create database migrated")
    await admin.close()
    await migrate(_named(postgres, "migrated"))
    return "migrated"


@pytest.fixture
async def dsn(postgres: str, migrated: str) -> AsyncIterator[str]:
    """The DSN of a migrated database of this test's own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"create database {name} template {migrated} strategy file_copy")
    yield _named(postgres, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on the test's own database."""
    pool = await connect(dsn)
    yield pool
    await pool.close()


def _named(dsn: str, name: str) -> str:
    return dsn.rsplit("/", 1)[0] + "/" + name
