"""`make new-connector` leaves something that works, or says why it will not."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub.commands.connectors import NewConnectorError, begin

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as a connector needs."""
    for folder in ("connectors", "hub", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=LEFT_OUT)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=checkout, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["acme", "the-other-shop9"])
def test_writes_a_connector_whose_test_passes(checkout: Path, name: str) -> None:
    module = name.replace("-", "_")
    source, test = f"connectors/{module}.py", f"tests/unit/connectors/test_{module}.py"

    said = run(checkout, "hub.main", "connector", "new", name)

    assert said.returncode == 0, said.stderr
    assert f"wrote {source}" in said.stdout
    assert test in said.stdout
    in_order = (
        "make setup",
        "hub topics apply",
        f"hub source set TENANT {name} --connector {name} --option shop=SHOP",
        "restart `hub ingress`",
        f"hub translate {name}",
    )
    places = [said.stdout.index(step) for step in in_order]
    assert places == sorted(places)
    for command in (
        ("ruff", "format", "--check", source, test),
        ("ruff", "check", source, test),
        ("pytest", "-q", "-p", "no:cacheprovider", test),
    ):
        done = run(checkout, *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_registers_it_beside_the_others_and_changes_nothing_else(checkout: Path) -> None:
    project = checkout / "pyproject.toml"
    before = project.read_text(encoding="utf-8")

    begin("acme-pos", checkout)

    after = project.read_text(encoding="utf-8")
    points = tomllib.loads(after)["project"]["entry-points"]["hub.connectors"]
    assert points["acme-pos"] == "connectors.acme_pos:CONNECTOR"
    assert points["pos"] == "connectors.pos:CONNECTOR"
    assert after.replace('acme-pos = "connectors.acme_pos:CONNECTOR"\n', "", 1) == before


def test_registers_it_where_nothing_stands_behind_the_others(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project.entry-points."hub.connectors"]\npos = "x:Y"\n', encoding="utf-8")

    begin("acme", tmp_path)

    assert project.read_text(encoding="utf-8").splitlines()[1:] == [
        'pos = "x:Y"',
        'acme = "connectors.acme:CONNECTOR"',
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is no name"),
        ("Acme", "is no name"),
        ("acme_pos", "is no name"),
        ("9lives", "is no name"),
        ("acme-", "is no name"),
        ("a--b", "is no name"),
        ("../acme", "is no name"),
        ("a" * 31, "is no name"),
        ("-acme", "is no name"),
        ("import", "a word of Python"),
        ("pos", "installed already"),
        ("sdk", "is there already"),
    ],
)
def test_says_why_a_name_will_not_do(checkout: Path, name: str, said: str) -> None:
    before = (checkout / "pyproject.toml").read_bytes()

    with pytest.raises(NewConnectorError, match=said):
        begin(name, checkout)

    assert (checkout / "pyproject.toml").read_bytes() == before


def test_never_writes_over_what_is_there(checkout: Path) -> None:
    begin("acme", checkout)

    with pytest.raises(NewConnectorError, match="is there already: choose another name"):
        begin("acme", checkout)


def test_says_that_a_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(NewConnectorError, match="at the root of a checkout"):
        begin("acme", tmp_path)


def test_a_name_that_will_not_do_is_one_sentence_for_whoever_typed_it(checkout: Path) -> None:
    said = run(checkout, "hub.main", "connector", "new", "--", "-Acme")

    assert said.returncode != 0
    assert "is no name for a connector" in said.stderr
    assert "Traceback" not in said.stderr
