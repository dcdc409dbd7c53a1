"""The servers that every test of a session shares, started when the first test asks."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.dev import embedded


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
