"""The `hub` command: one verb a process, and the tools of whoever runs it."""

import asyncio
from typing import Annotated

import typer

from hub import bootstrap
from hub.adapters.kafka import apply_topics, check_topics
from hub.adapters.postgres import migrate as migrate_database
from hub.settings import Settings
from schemas import topics

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
topics_app = typer.Typer(
    no_args_is_help=True, help="Create topics as declared, or say where they differ."
)
tenant_app = typer.Typer(no_args_is_help=True, help="Merchants and their defaults.")
app.add_typer(topics_app, name="topics")
app.add_typer(tenant_app, name="tenant")


@app.command()
def process(name: str = "warranty") -> None:
    """Decide what a processor's intake topic brings, until stopped."""
    asyncio.run(bootstrap.process(Settings(), name))


@app.command()
def migrate() -> None:
    """Bring the database to the schema this release needs."""
    asyncio.run(migrate_database(Settings().postgres.get_secret_value()))
    typer.echo("the database is up to date")


@topics_app.command("apply")
def topics_apply() -> None:
    """Create missing topics and set their configuration; a partition count is never changed."""
    settings = Settings()
    left = asyncio.run(
        apply_topics(
            settings.kafka_settings(),
            topics.ALL,
            partitions=settings.partitions,
            replication=settings.replication,
        )
    )
    for drift in left:
        typer.echo(f"refused: {drift}; a keyed topic keeps its partition count for ever", err=True)
    raise typer.Exit(1 if left else 0)


@topics_app.command("check")
def topics_check() -> None:
    """Say where the cluster differs from the declaration."""
    settings = Settings()
    drift = asyncio.run(
        check_topics(settings.kafka_settings(), topics.ALL, partitions=settings.partitions)
    )
    for found in drift:
        typer.echo(str(found))
    typer.echo("topics match their declaration" if not drift else "run `hub topics apply`")
    raise typer.Exit(1 if drift else 0)


@tenant_app.command("set")
def tenant_set(
    tenant: str,
    coverage_months: Annotated[int, typer.Option(help="Period of a line that names none.")] = 24,
    patience_days: Annotated[int, typer.Option(help="How long an early event waits.")] = 14,
) -> None:
    """Add a merchant, or change its defaults."""
    asyncio.run(bootstrap.set_tenant(Settings(), tenant, coverage_months, patience_days))
    typer.echo(
        f"tenant {tenant}: {coverage_months} months of cover, {patience_days} days of patience"
    )


if __name__ == "__main__":
    app()
