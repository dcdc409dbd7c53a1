"""Whatever the description allows or forbids is tried on the real API, with a worker behind it.

`EXAMPLES=1000 pytest tests/api/test_schemathesis.py` tries more of it; what is switched off, and why,
stands in schemathesis.toml.
"""

import asyncio
import os
import sys
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from hub.adapters.postgres import Database
from hub.api.bodies import EXAMPLE
from tests.api.bodies import a_sale
from tests.api.conftest import TENANT
from tests.api.installed import Installed
from tests.api.shop import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

EXAMPLES = os.environ.get("EXAMPLES", "20")
"""Of an operation, in each phase; about two minutes on a machine that does nothing else."""
SETTINGS = Path(__file__).with_name("schemathesis.toml")
INVOICES = Path(__file__).with_name("schemathesis_invoices.toml")


async def test_no_request_finds_the_api_other_than_described(
    installed: Installed, database: Database
) -> None:
    await _serve(installed)
    shop = await installed.run("key", "create", TENANT)
    admin = await installed.run("key", "create", TENANT, "admin", "--role", "system_admin")
    known = await _known(installed, shop)
    said = await _tried(
        f"{installed.url}/openapi.json", SETTINGS, {}, SHOP_KEY=shop, ADMIN_KEY=admin, **known
    )
    await _check(installed, database, said)


async def test_no_request_finds_the_published_api_other_than_described(
    installed: Installed, database: Database
) -> None:
    await _serve(installed)
    password = (await installed.run("basic", "set", TENANT, "demo")).split()[-1]
    shown = {"Authorization": f"Basic {b64encode(f'demo:{password}'.encode()).decode()}"}
    said = await _tried(f"{installed.url}{ROOT}/openapi.json", INVOICES, shown)
    await _check(installed, database, said)


async def _serve(installed: Installed) -> None:
    await installed.run("tenant", "limits", TENANT, "--read", "1000000", "--write", "1000000")
    for words in (("process",), ("process", "catalog"), ("project",), ("serve",)):
        installed.start(*words)
    await installed.answers()


async def _known(installed: Installed, shop: str) -> dict[str, str]:
    """A warranty and a claim on it, whose ids the hooks put where one is asked for."""
    shown = {"Authorization": f"Bearer {shop}"}
    async with httpx.AsyncClient(base_url=installed.url, headers=shown, timeout=30) as client:
        sold = await client.post("/v1/activations", json=a_sale("ST-1", "ST-1"))
        warranty = sold.json()["warranties"][0]["id"]
        body = {"warranty": warranty, "issue": "power", "filed_at": EXAMPLE, "zone": "UTC"}
        filed = await client.post("/v1/claims", json=body)
    return {"KNOWN_WARRANTY": warranty, "KNOWN_CLAIM": filed.json()["claim"]["id"]}


async def _tried(
    document: str, settings: Path, headers: dict[str, str], **environment: str
) -> tuple[int | None, str]:
    """How schemathesis ended, and what it said."""
    shown = [f"{name}: {value}" for name, value in headers.items()]
    trying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "--no-color"),
        *("run", document, "--max-examples", EXAMPLES),
        *(word for one in shown for word in ("--header", one)),
        cwd=settings.parents[2],
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await trying.communicate()
    return trying.returncode, said.decode()


async def _check(installed: Installed, database: Database, told: tuple[int | None, str]) -> None:
    ended, said = told
    assert ended == 0, said
    assert await database.fetchval("select count(*) from unit"), "nothing was ever decided"
    serve = (installed.folder / "serve.log").read_text()
    assert "Traceback" not in serve, serve
