"""`hub policy rehearse`: what a draft of a policy would change of claims as they were; nothing is written."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from hub.api.claim_rehearsal import REHEARSED, rehearsal
from hub.bootstrap.acting import speaking_for
from hub.commands.listing import Listing
from hub.commands.policies import File, PolicyFileError, Tenant, policy_app, read_document
from hub.commands.processes import refusals_said
from hub.commands.trail import instant
from hub.domain.claims.tallying import Rehearsal
from hub.settings import Settings
from schemas.policies.checking import parse
from schemas.policies.parts import Policy

CLAIMS = ("claim", "state", "before", "after", "cost_before", "cost_after")
REASONS = ("claims", "before", "after")
COSTS = ("currency", "before", "after", "change")


def add_to(_app: typer.Typer) -> None:
    """Add the command to those of policies."""
    policy_app.command("rehearse")(rehearse)


def rehearse(
    tenant: Tenant,
    draft: File,
    name: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(REHEARSED)}; the file's name up to its first dot, where absent."
        ),
    ] = "",
    since: Annotated[
        str, typer.Option(help="Claims that were filed since: an ISO time, or 15m, 2h, 90d ago.")
    ] = "90d",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run real claims through a draft: by claim, by reason and by cost, what would differ."""
    begin = instant("--since", since)
    with refusals_said():
        policy = name or draft.name.partition(".")[0]
        if policy not in REHEARSED:
            known = ", ".join(REHEARSED)
            raise PolicyFileError(f"claims are not decided by {policy!r}; rehearse one of {known}")
        document = parse(policy, read_document(draft, policy))
        told = asyncio.run(_run(tenant, policy, document, begin))
    if as_json:
        typer.echo(msgspec.json.encode(told))
    else:
        _show(told)


async def _run(tenant: str, name: str, draft: Policy, since: datetime) -> Rehearsal:
    async with speaking_for(Settings(), tenant) as queries:
        return await rehearsal(queries, name, draft, since)


def _show(told: Rehearsal) -> None:
    typer.echo(
        f"{told.claims} claims since {told.since:%Y-%m-%d %H:%M} UTC; "
        f"{told.differ} would differ under this draft of {told.policy}"
    )
    if told.unweighed:
        typer.echo(f"{told.unweighed} of them were not weighed yet")
    if told.unpriced:
        typer.echo(f"{told.unpriced} would grant what nobody told a price of; it counts as nothing")
    if not told.differ:
        return
    typer.echo("\nBy claim")
    rows = [
        (
            *(one.claim, one.state, str(one.before), str(one.after)),
            *(_amounts(one.cost_before), _amounts(one.cost_after)),
        )
        for one in told.differences
    ]
    Listing(CLAIMS, rows, whole=("claim", "state")).show()
    typer.echo("\nBy reason")
    Listing(REASONS, [(str(one.claims), one.before, one.after) for one in told.reasons]).show()
    typer.echo("\nBy cost, in minor units")
    costs = [
        (one.currency, str(one.before), str(one.after), f"{one.change:+d}") for one in told.costs
    ]
    Listing(COSTS, costs, whole=COSTS).show()


def _amounts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(found.items())) or "-"
