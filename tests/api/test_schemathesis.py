"""Whatever the description allows or forbids is tried on the real API, with a worker behind it.

`EXAMPLES=1000 pytest tests/api/test_schemathesis.py` tries more of it; what is switched off, and why,
stands in schemathesis.toml.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from hub.adapters.postgres import Database
from tests.api.conftest import TENANT
from tests.api.installed import Installed

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

EXAMPLES = os.environ.get("EXAMPLES", "100")
"""Of an operation, in each phase; half a minute on a machine that does nothing else."""
SETTINGS = Path(__file__).with_name("schemathesis.toml")


async def test_no_request_finds_the_api_other_than_described(
    installed: Installed, database: Database
) -> None:
    token = await installed.run("key", "create", TENANT)
    for words in (("process",), ("project",), ("serve",)):
        installed.start(*words)
    await installed.answers()

    trying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "--no-color"),
        *("run", f"{installed.url}/openapi.json", "--max-examples", EXAMPLES),
        *("--header", f"Authorization: Bearer {token}"),
        cwd=SETTINGS.parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await trying.communicate()

    assert trying.returncode == 0, said.decode()
    assert await database.fetchval("select count(*) from unit"), "nothing was ever decided"
    serve = (installed.folder / "serve.log").read_text()
    assert "Traceback" not in serve, serve
