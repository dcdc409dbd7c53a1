"""Policies from a shell: checked without a hub, published, listed, compared, explained; going live."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.main import app
from tests.api.conftest import TENANT
from tests.api.installed import Installed
from tests.unit.documents import DOCUMENTS, a_map


def a_file(folder: Path, name: str, document: Any) -> str:
    path = folder / f"{name}.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("coverage", {"default": {}}, "/default/standard: is missing; write it"),
        ("coverage", "{", "is not JSON in UTF-8"),
        ("coverage", '"text"', "the document: "),
        ("weather", {}, "there is no policy 'weather'"),
        ("serial_rules", {"rules": [{"pattern": r"(a+)+\1"}]}, "/rules/0/pattern: this pattern"),
    ],
)
def test_check_says_where_a_file_is_wrong(
    tmp_path: Path, name: str, document: Any, said: str
) -> None:
    result = CliRunner().invoke(app, ["policy", "check", a_file(tmp_path, name, document)])

    assert result.exit_code == 2
    assert said in result.output


def test_check_knows_the_policy_by_the_name_of_its_file(tmp_path: Path) -> None:
    for name, document in DOCUMENTS.items():
        path = a_file(tmp_path, name, document)
        assert CliRunner().invoke(app, ["policy", "check", path]).exit_code == 0
    renamed = a_file(tmp_path, "spring", DOCUMENTS["stock"])
    assert CliRunner().invoke(app, ["policy", "check", renamed, "--name", "stock"]).exit_code == 0


@pytest.mark.servers
async def test_a_merchant_is_set_up_from_a_shell(installed: Installed, tmp_path: Path) -> None:
    installed.start("process", "catalog")
    why = ("--reason", "we open")
    missing = await refused(installed, "tenant", "go-live", TENANT, *why)
    for name, document in (DOCUMENTS | {"setup_map": a_map()}).items():
        path = a_file(tmp_path, name, document)
        said = await told(installed, "policy", "publish", TENANT, name, path, *why)
        assert said.startswith(f"version 1 of {name}")
    live = await told(installed, "tenant", "go-live", TENANT, *why)
    shorter = a_file(tmp_path, "c", {"default": DOCUMENTS["coverage"]["default"]})
    await told(installed, "policy", "publish", TENANT, "coverage", shorter, *why)

    assert "/setup_map/pos_invoice" in missing
    assert "/policies/coverage" in missing
    assert f"tenant {TENANT} is live since" in live
    assert "- /by_product" in await told(installed, "policy", "diff", TENANT, "coverage", "1", "2")
    assert "coverage" in await told(installed, "policy", "list", TENANT)
    shown = await told(installed, "policy", "show", TENANT, "coverage", "--version", "1")
    assert json.loads(shown) == DOCUMENTS["coverage"]
    text = await told(installed, "policy", "explain", TENANT, "coverage")
    assert text.startswith("What is not covered\n- Drops and water are not covered.")
    verified = json.loads(await told(installed, "verify", "catalog", "--deep", "--json"))
    assert (verified["holds"], verified["rejected"]) == (True, 1)


async def told(installed: Installed, *words: str) -> str:
    """What a command prints; in this process, for starting one for each would take minutes."""
    result = await _run(installed, words)
    assert result.exit_code == 0, result.output
    return result.output.strip()


async def refused(installed: Installed, *words: str) -> str:
    result = await _run(installed, words)
    assert result.exit_code == 2, result.output
    return result.output


async def _run(installed: Installed, words: Sequence[str]) -> Result:
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(app, list(words), env=installed.env())
    )
