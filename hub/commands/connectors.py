"""Connectors: a working start for a new one."""

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from hub import registry
from hub.commands.processes import refusals_said
from hub.domain.errors import HubError

NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
LONGEST = 30
SECTION = '[project.entry-points."hub.connectors"]'
NEXT = """\
its test passes as it is: .venv/bin/pytest {test}
Then, from the checkout to a first warranty:
  1. make setup                   registers it; make it the vendor's now or later
  2. .venv/bin/hub topics apply   makes raw.{name}.v1, where it lands
  3. .venv/bin/hub source set TENANT {name} --connector {name} --option shop=SHOP \\
       --option zone=Europe/Istanbul
     prints the secret that the vendor signs with
  4. restart `hub ingress`, which then takes POST /sources/{name}/TENANT
  5. .venv/bin/hub translate {name}   makes events of it, until it is stopped
Beside a demo: load its keys first (. .hub/demo.env), and end and start `make demo` as step 4."""

connector_app = typer.Typer(no_args_is_help=True, help="How outside systems are understood.")


class NewConnectorError(HubError):
    """No connector can be begun under that name or in that place."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(connector_app, name="connector")


# A group with one command would otherwise be that command.
@connector_app.callback()
def _group() -> None: ...


@connector_app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="As in raw.NAME.v1, such as acme or acme-pos.")],
    root: Annotated[Path, typer.Option(help="The checkout to write to.")] = Path(),
) -> None:
    """Write a connector that works, its test and its entry point, to be made the vendor's."""
    with refusals_said():
        written = begin(name, root)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(NEXT.format(name=name, test=written[-1]))


def begin(name: str, root: Path) -> list[Path]:
    """Write the files of a new connector below `root`.

    Raises:
        NewConnectorError: the name is none, or taken, or this is no checkout.

    """
    module = name.replace("-", "_")
    project = root / "pyproject.toml"
    _check_name(name, module)
    if not project.is_file() or SECTION not in project.read_text(encoding="utf-8"):
        raise NewConnectorError(f"{project} has no {SECTION}: run it at the root of a checkout")
    source = root / "connectors" / f"{module}.py"
    test = root / "tests" / "unit" / "connectors" / f"test_{module}.py"
    for path in (source, source.with_suffix(""), test):
        if path.exists():
            raise NewConnectorError(f"{path} is there already: choose another name than {name}")
    words = {"name": name, "title": name.replace("-", " ").title(), "imports": _imports(module)}
    _write(source, "connector.py.txt", words)
    _write(test, "test_connector.py.txt", words)
    _register(project, f'{name} = "connectors.{module}:CONNECTOR"')
    return [source, project, test]


def _check_name(name: str, module: str) -> None:
    if not NAME.match(name) or len(name) > LONGEST:
        message = (
            f"{name!r} is no name for a connector: use up to {LONGEST} lower-case letters, digits "
            "and single hyphens, a letter first, such as acme or acme-pos"
        )
        raise NewConnectorError(message)
    if name in registry.connectors():
        raise NewConnectorError(f"a connector {name!r} is installed already: choose another name")
    if keyword.iskeyword(module):
        raise NewConnectorError(f"{name!r} is a word of Python: choose another name")


def _imports(module: str) -> str:
    """In the order in which the formatter wants them."""
    names = "MeaninglessError, Origin, RawRecord, UntranslatableError, webhooks"
    lines = [
        f"from connectors.{module} import CONNECTOR",
        f"from connectors.sdk import {names}",
        "from connectors.sdk.conformance import RULES, Rule, Samples, shows_nothing_personal",
    ]
    return "\n".join(sorted(lines))


def _write(path: Path, start: str, words: dict[str, str]) -> None:
    text = files("connectors.sdk").joinpath("start", start).read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(text).substitute(words), encoding="utf-8")


def _register(project: Path, line: str) -> None:
    head, section, rest = project.read_text(encoding="utf-8").partition(SECTION)
    lines, end, after = rest.partition("\n\n")
    text = f"{head}{section}{lines.rstrip()}\n{line}{end or chr(10)}{after}"
    project.write_text(text, encoding="utf-8")
