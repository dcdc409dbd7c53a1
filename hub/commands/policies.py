"""Policies: check a file without a hub, publish it, and read what stands."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from hub.api import policy_shelf
from hub.bootstrap.acting import act_for, at_the_shell, speaking_for
from hub.commands.asking import Reason, Whoever, asker
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.domain.errors import HubError
from hub.domain.policies.explaining import EXPLAINED, explain
from hub.domain.policies.versions import policy_in_force
from hub.settings import Settings
from schemas.events.policy import PolicyPublished
from schemas.policies import MODELS
from schemas.policies.checking import NotAPolicyError, parse
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.parts import Locale
from schemas.refs import home

policy_app = typer.Typer(no_args_is_help=True, help="Policies: versions, and what they say.")

Tenant = Annotated[str, typer.Argument(help="As `hub tenant list` prints it.")]
Name = Annotated[str, typer.Argument(help=f"One of {', '.join(MODELS)}.")]
File = Annotated[Path, typer.Argument(help="A document in JSON.", exists=True, dir_okay=False)]


class PolicyFileError(HubError):
    """The file holds no policy that could be published, or there is no such version."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(policy_app, name="policy")


@policy_app.command("check")
def check(
    file: File,
    name: Annotated[
        str,
        typer.Option(help="Which policy it is; the file's name up to its first dot, where absent."),
    ] = "",
) -> None:
    """Say where a document is wrong, without asking any server."""
    with refusals_said():
        policy = name or file.name.partition(".")[0]
        read_document(file, policy)
    typer.echo(f"{file} is a valid policy {policy}")


@policy_app.command("publish")
def publish(  # noqa: PLR0913, PLR0917 - what can be said of a version
    tenant: Tenant,
    name: Name,
    file: File,
    reason: Reason,
    effective_from: Annotated[
        datetime | None, typer.Option(help="In UTC unless it names a zone; at once where absent.")
    ] = None,
    expects_version: Annotated[
        int | None, typer.Option(min=0, help="The last version you have seen; 0 for none.")
    ] = None,
    by: Whoever = "",
) -> None:
    """Publish a new version for a merchant, as its owner would."""
    with refusals_said():
        document = read_document(file, name)
        begins = effective_from
        if begins is not None and begins.tzinfo is None:
            begins = begins.replace(tzinfo=UTC)
        fact = PolicyPublished(
            name=name,
            document=document,
            effective_from=begins,
            expects_version=expects_version,
            why=reason,
            by=at_the_shell(asker(by)),
        )
        place = home(tenant, "policy", name)
        told = asyncio.run(act_for(Settings(), tenant, fact, place))
    stands = told["policy"]
    typer.echo(f"version {stands['version']} of {name}, from {stands['effective_from']} on")


@policy_app.command("list")
def listed(tenant: Tenant) -> None:
    """List every policy there can be, and which version counts now."""
    found = _versions(tenant)
    page = policy_shelf.listed(found, datetime.now(UTC))
    names = ("policy", "in force", "last")
    rows = [(one.name, str(one.in_force or "-"), str(one.last or "-")) for one in page.policies]
    Listing(names, rows, whole=names).show()


@policy_app.command("show")
def show(
    tenant: Tenant,
    name: Name,
    number: Annotated[int | None, typer.Option("--version", min=1)] = None,
) -> None:
    """Print a version's document; the one in force where none is named."""
    with refusals_said():
        one = _one(_versions(tenant, name), name, number)
    typer.echo(json.dumps(json.loads(one.document), indent=2, ensure_ascii=False))


@policy_app.command("diff")
def diff(tenant: Tenant, name: Name, earlier: int, later: int) -> None:
    """Say what differs between two versions, place by place."""
    with refusals_said():
        found = _versions(tenant, name)
        told = policy_shelf.difference(_one(found, name, earlier), _one(found, name, later))
    for change in told.changes:
        typer.echo(change.line)


@policy_app.command("explain")
def explained(
    tenant: Tenant,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(EXPLAINED)}.")],
    locale: Annotated[str, typer.Option(help="en, de, tr or pl.")] = "en",
) -> None:
    """Print what a customer reads: what is not covered and what takes time stands first."""
    with refusals_said():
        if name not in EXPLAINED or locale not in get_args(Locale):
            raise PolicyFileError(f"there is no text of {name!r} in {locale!r} for customers")
        one = _one(_versions(tenant, name), name, None)
        first = policy_in_force(_versions(tenant, "exclusions"), datetime.now(UTC))
        excluded = ExclusionsPolicy.model_validate_json(first.document) if first else None
        policy = MODELS[name].model_validate_json(one.document)
    typer.echo(explain(policy, excluded, cast("Locale", locale)), nl=False)


def read_document(file: Path, name: str) -> dict[str, Any]:
    """A document that could be published.

    Raises:
        PolicyFileError: with every fault by its place.

    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise PolicyFileError(f"{file} is not JSON in UTF-8: {error}") from error
    try:
        parse(name, document)
    except NotAPolicyError as error:
        raise PolicyFileError("\n".join(map(str, error.faults))) from error
    return dict(document)


def _versions(tenant: str, name: str | None = None) -> list[policy_shelf.Stored]:
    async def run() -> list[policy_shelf.Stored]:
        async with speaking_for(Settings(), tenant) as queries:
            return await policy_shelf.versions(queries, name)

    with refusals_said():
        return asyncio.run(run())


def _one(found: list[policy_shelf.Stored], name: str, number: int | None) -> policy_shelf.Stored:
    force = policy_in_force(found, datetime.now(UTC))
    wanted = number or (force.number if force else 0)
    for one in found:
        if one.number == wanted:
            return one
    raise PolicyFileError(
        f"there is no version {number} of {name}; the last is {len(found)}"
        if number
        else f"no version of {name} is in force"
    )
