"""Preparing and examining an installation: schema, topics, tenants, doctor, verify."""

import asyncio
from typing import Annotated

import orjson
import typer

from hub import bootstrap, registry
from hub.access import limits, tenants
from hub.access.limits import Limit
from hub.adapters.kafka import TopicDrift, apply_topics, check_topics
from hub.adapters.kafka.topics import PARTITIONS
from hub.adapters.postgres import Database
from hub.adapters.postgres import migrate as migrate_database
from hub.audit.entries import Entry, record
from hub.bootstrap.acting import act_for, at_the_shell
from hub.commands.asking import Reason, Whoever, Why, asker, operator, with_database
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.recovery.doctor import Level
from hub.recovery.doctor import doctor as examine
from hub.recovery.verify import Report
from hub.settings import Settings
from schemas.events.policy import GoLiveRequested
from schemas.refs import home

MOST = 10_000_000
topics_app = typer.Typer(
    no_args_is_help=True, help="Create topics as declared, or say where they differ."
)
tenant_app = typer.Typer(no_args_is_help=True, help="Merchants and their defaults.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(migrate)
    app.command()(doctor)
    app.command()(verify)
    app.add_typer(topics_app, name="topics")
    app.add_typer(tenant_app, name="tenant")


def migrate() -> None:
    """Bring the database to the schema this release needs."""
    with refusals_said():
        asyncio.run(migrate_database(Settings().postgres.get_secret_value()))
    typer.echo("the database is up to date")


@topics_app.command("apply")
def topics_apply() -> None:
    """Create missing topics and set their configuration; a partition count is never changed."""
    with refusals_said():
        settings = Settings()
        left = asyncio.run(
            apply_topics(
                settings.kafka_settings(),
                registry.topics(),
                partitions=settings.partitions,
                replication=settings.replication,
            )
        )
    for drift in left:
        typer.echo(f"left as it is: {drift}; {_why(drift)}", err=True)
    raise typer.Exit(1 if left else 0)


def _why(drift: TopicDrift) -> str:
    if drift.what == PARTITIONS:
        return "a keyed topic keeps its partition count for ever"
    return "Kafka took the change and does not show it; run `hub topics check` again later"


@topics_app.command("check")
def topics_check() -> None:
    """Say where the cluster differs from the declaration."""
    with refusals_said():
        settings = Settings()
        drift = asyncio.run(
            check_topics(
                settings.kafka_settings(),
                registry.topics(),
                partitions=settings.partitions,
                replication=settings.replication,
            )
        )
    for found in drift:
        typer.echo(str(found))
    typer.echo("run `hub topics apply`" if drift else "topics match their declaration")
    raise typer.Exit(1 if drift else 0)


@tenant_app.command("set")
def tenant_set(  # noqa: PLR0913 - one for each option
    tenant: str,
    coverage_months: Annotated[int, typer.Option(help="Period of a line that names none.")] = 24,
    patience_days: Annotated[int, typer.Option(help="How long an early event waits.")] = 14,
    *,
    product_each: Annotated[
        bool | None,
        typer.Option(help="An invoice's line without a product code makes a product each time."),
    ] = None,
    reason: Why = "",
    by: Whoever = "",
) -> None:
    """Add a merchant, or change its defaults."""
    said = {"coverage_months": coverage_months, "patience_days": patience_days}
    if product_each is not None:
        said["product_each"] = product_each
    entry = Entry(
        tenant=tenant,
        action="tenant:set",
        subject=tenant,
        by=operator(by),
        why=reason,
        doc=said,
    )

    async def put(database: Database) -> None:
        async with database.transaction() as queries:
            await tenants.put(queries, tenant, coverage_months, patience_days)
            if product_each is not None:
                await tenants.make_each(queries, tenant, each=product_each)
            await record(queries, entry)

    with refusals_said():
        with_database(put)
    typer.echo(
        f"tenant {tenant}: {coverage_months} months of cover, {patience_days} days of patience"
    )


@tenant_app.command("limits")
def tenant_limits(
    tenant: str,
    read: Annotated[int | None, typer.Option(min=1, max=MOST)] = None,
    write: Annotated[int | None, typer.Option(min=1, max=MOST)] = None,
    auth: Annotated[int | None, typer.Option(min=1, max=MOST, help="Logins of an account.")] = None,
    upload: Annotated[int | None, typer.Option(min=1, max=MOST)] = None,
) -> None:
    """Set how many requests a minute each caller of a tenant has, or show it."""
    given = {Limit.READ: read, Limit.WRITE: write, Limit.AUTH: auth, Limit.UPLOAD: upload}
    wanted = {kind: number for kind, number in given.items() if number is not None}

    async def run() -> dict[Limit, int]:
        async with bootstrap.database(Settings(), size=1) as db:
            if wanted:
                await limits.set_limits(db, tenant, wanted, limits.SYSTEM)
            return await limits.limits_of(db, tenant)

    with refusals_said():
        found = asyncio.run(run())
    said = ", ".join(f"{kind} {number}" for kind, number in found.items())
    typer.echo(f"tenant {tenant}, each caller a minute: {said}")


@tenant_app.command("go-live")
def tenant_go_live(tenant: str, reason: Reason, by: Whoever = "") -> None:
    """Let a merchant begin; while anything has still to be settled, say exactly what."""
    with refusals_said():
        fact = GoLiveRequested(why=reason, by=at_the_shell(asker(by)))
        place = home(tenant, "tenant")
        told = asyncio.run(act_for(Settings(), tenant, fact, place))
    typer.echo(f"tenant {tenant} is live since {told['live_since']}")


@tenant_app.command("list")
def tenant_list() -> None:
    """List merchants and their defaults."""

    async def run() -> list[tenants.Listed]:
        async with bootstrap.database(Settings(), size=1) as db:
            return await tenants.listed(db)

    with refusals_said():
        found = asyncio.run(run())
    if not found:
        typer.echo("no tenants yet; add one with `hub tenant set`")
        return
    names = ("tenant", "coverage_months", "patience_days", "erased")
    rows = [
        (
            one.name,
            str(one.coverage_months),
            str(one.patience_days),
            f"{one.erased_at:%Y-%m-%d}" if one.erased_at else "-",
        )
        for one in found
    ]
    Listing(names, rows, whole=names).show()


def doctor() -> None:
    """Look at Kafka, Postgres and the ledger, and say what to do about what is not well."""
    with refusals_said():
        findings = asyncio.run(examine(bootstrap.installation(Settings())))
    colours = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}
    for finding in findings:
        typer.secho(str(finding), fg=colours[finding.level])
    raise typer.Exit(any(finding.level is Level.PROBLEM for finding in findings))


def verify(
    processor: Annotated[str, typer.Argument(help="The processor's entry point.")] = "warranty",
    *,
    deep: Annotated[bool, typer.Option(help="Replay the whole status topic too.")] = False,
    only_json: Annotated[bool, typer.Option("--json", help="Print the last line only.")] = False,
) -> None:
    """Check that every event is accounted for; ends with a line of JSON, 1 where it is not so."""

    async def run() -> Report:
        async with bootstrap.verifier(Settings(), processor) as verifier:
            return await verifier.run(deep=deep)

    with refusals_said():
        report = asyncio.run(run())
    if not only_json:
        _show(report)
    typer.echo(orjson.dumps(report.as_json()).decode())
    raise typer.Exit(0 if report.holds else 1)


def _show(report: Report) -> None:
    names, rows = report.rows()
    title = f"{report.topic}: {'holds' if report.holds else 'DOES NOT HOLD'}"
    Listing(names, rows, whole=names, title=title).show()
    for problem in report.problems:
        said = f"{problem.check} {problem.where}: {problem.found}"
        typer.secho(said, fg=typer.colors.RED)
