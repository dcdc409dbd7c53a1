"""What an auditor asks: who did what, everything of one subject, whether the chain holds."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from hub import bootstrap
from hub.adapters.kafka import Peek, partition_counts
from hub.adapters.postgres import Database
from hub.audit import checks, verifying
from hub.audit.heads import Head
from hub.audit.verifying import Verdict
from hub.bootstrap.parts import signer, trusted
from hub.commands.asking import Whoever, asker
from hub.commands.listing import JSON_LINES, Listing
from hub.commands.processes import refusals_said
from hub.commands.trail import Tenant, asked_for, instant
from hub.settings import Settings
from hub.trail import audit as audits
from schemas.topics import AUDIT

Json = Annotated[bool, typer.Option("--json", help=JSON_LINES)]
audit_app = typer.Typer(
    help="Who did what, when and why; and whether the log is as it was written."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(audit_app, name="audit")


@audit_app.callback(invoke_without_command=True)
def listed(  # noqa: PLR0913 - a search has as many parts
    context: typer.Context,
    *,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Whose; `hub` for what proved no tenant.")
    ] = None,
    since: Annotated[str, typer.Option(help="An ISO time, or 15m, 2h, 3d ago.")] = "1d",
    until: Annotated[str | None, typer.Option(help="The same; what is older is shown.")] = None,
    subject: Annotated[str | None, typer.Option(help="An id of what it was done to.")] = None,
    actor: Annotated[str | None, typer.Option(help="The id of who did it.")] = None,
    action: Annotated[str | None, typer.Option(help="As in event:rejected or key:issued.")] = None,
    text: Annotated[str | None, typer.Option(help="A text the reason contains.")] = None,
    status: Annotated[str | None, typer.Option(help="An outcome, or an HTTP status.")] = None,
    source: str | None = None,
    limit: Annotated[int, typer.Option(min=1, max=audits.MAX_LIMIT)] = 50,
    cursor: Annotated[str | None, typer.Option(help="As the page before has named it.")] = None,
    as_json: Json = False,
) -> None:
    """List who sent, decided, did or was refused what, and when; newest first."""
    if context.invoked_subcommand is not None:
        return
    if tenant is None:
        raise typer.BadParameter("say whose: --tenant NAME", param_hint="--tenant")
    begin, end = instant("--since", since), instant("--until", until) if until else None
    page = asked_for(
        tenant,
        lambda queries: audits.page(
            queries,
            tenant,
            since=begin,
            until=end,
            subject=subject,
            actor=actor,
            action=action,
            text=text,
            status=status,
            source=source,
            limit=limit,
            cursor=cursor,
        ),
    )
    if as_json:
        _lines(page.entries)
    elif page.entries:
        _listing(page.entries).show()
    else:
        typer.echo("nothing fits")
    if page.cursor:
        typer.echo(f"older ones: --cursor {page.cursor}", err=True)


@audit_app.command("subject")
def everything_of(
    subject: Annotated[str, typer.Argument(help="An id: of a warranty, record, item, key.")],
    tenant: Tenant,
    *,
    as_json: Json = False,
) -> None:
    """Show all that was ever done to something, oldest first, with its place in the chain."""
    found = asked_for(tenant, lambda queries: audits.everything_of(queries, tenant, subject))
    if as_json:
        _lines(found)
    elif found:
        _listing(found).show()
    else:
        typer.echo(f"hub: nothing was done to {subject!r} of {tenant}", err=True)
        raise typer.Exit(1)


@audit_app.command()
def verify(
    *,
    tenant: Annotated[str | None, typer.Option(help="Only this one's chain.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From the last head before: an ISO time, or 15m, 2h, 3d ago.")
    ] = None,
    without_kafka: Annotated[
        bool, typer.Option("--without-kafka", help="Leave the heads on the audit topic out.")
    ] = False,
    by: Whoever = "",
    as_json: Json = False,
) -> None:
    """Look at every row of the audit's chains; exit 1 where one is not what was linked."""
    begin = instant("--since", since) if since else None

    async def run() -> list[Verdict]:
        settings = Settings()
        async with bootstrap.database(settings, size=2) as db:
            told = [] if without_kafka else await _told(settings)
            chosen = [tenant] if tenant else await verifying.tenants(db, told)
            return [await _look(db, one, told, begin, asker(by)) for one in chosen]

    with refusals_said():
        verdicts = asyncio.run(run())
    if as_json:
        _lines(verdicts)
    else:
        for one in verdicts:
            _say(one)
    if not all(one.holds for one in verdicts):
        raise typer.Exit(1)


@audit_app.command()
def key() -> None:
    """Print the public key that heads are signed with; keep it where the database cannot reach."""
    with refusals_said():
        ours = signer(Settings())
    typer.echo(f"key {ours.key}", err=True)
    typer.echo(ours.public.hex())


async def _told(settings: Settings) -> list[Head]:
    kafka = settings.kafka_settings()
    counts = await partition_counts(kafka, [AUDIT.name])
    async with Peek(kafka) as peek:
        heads = verifying.told_heads(peek, AUDIT.name, counts.get(AUDIT.name, 0))
        return [one async for one in heads]


async def _look(
    db: Database, tenant: str, told: list[Head], since: datetime | None, by: str
) -> Verdict:
    keys = trusted(Settings())
    verdict = await verifying.verify(db, tenant, keys, told=told, since=since)
    await checks.keep(db, verdict, by)
    return verdict


def _say(one: Verdict) -> None:
    if one.found is None:
        rows = f"rows {one.first} to {one.last}" if one.rows else "no rows"
        typer.echo(
            f"{one.tenant}: holds ({rows}, {one.heads} heads, {one.unlinked} not linked yet)"
        )
    else:
        at = f"row {one.found.seq}" + (f" (n {one.found.n})" if one.found.n else "")
        typer.echo(f"{one.tenant}: {one.found.kind} at {at}: {one.found.said}")
        typer.echo(f"    what to do: {one.found.do}")
    for note in one.notes:
        typer.echo(f"    {note}")


def _lines(found: Iterable[object]) -> None:
    for one in found:
        typer.echo(msgspec.json.encode(one).decode())


def _listing(entries: Iterable[audits.AuditEntry]) -> Listing:
    names = ("when", "place", "who", "action", "subject", "status", "what", "hash", "reason")
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            "" if one.seq is None else str(one.seq),
            f"{one.actor.kind} {one.actor.name}",
            one.action,
            one.subject,
            one.status,
            one.correlation,
            one.hash[:12],
            one.reason,
        )
        for one in entries
    ]
    return Listing(names, rows, whole=names[:-1])
