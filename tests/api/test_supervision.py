"""What runs beside the API is watched."""

import asyncio

import pytest

from hub.bootstrap.ingress import tenant_database
from hub.bootstrap.parts import keyring
from hub.bootstrap.serve import _parts
from hub.settings import Settings
from hub.telemetry.metrics import Metrics

pytestmark = pytest.mark.servers


async def test_a_fault_where_refusals_are_written_ends_the_process(dsn: str) -> None:
    settings = Settings(kafka="127.0.0.1:1", postgres=dsn)  # type: ignore[arg-type] # pydantic makes it secret

    with pytest.raises(ExceptionGroup) as raised:
        await serve_with_a_fault(settings)

    assert [type(error) for error in raised.value.exceptions] == [AttributeError]


async def serve_with_a_fault(settings: Settings) -> None:
    async with (
        asyncio.timeout(20),
        tenant_database(settings) as database,
        _parts(settings, database, Metrics(), keyring(settings)) as parts,
    ):
        parts.refusals._waiting.append("no refusal")  # type: ignore[arg-type] # noqa: SLF001
        parts.refusals._news.set()  # noqa: SLF001 - a fault of ours, whichever it is
        await asyncio.Event().wait()
