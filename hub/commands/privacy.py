"""People: forget somebody, give somebody what is kept of them, change a tenant's key, keep for so long."""

import asyncio
import sys
from typing import Annotated

import msgspec
import typer

from hub import bootstrap
from hub.access import tenants
from hub.access.keyring import HUB, Keyring
from hub.access.tenant_keys import Version, new_version, rewrap, versions_of
from hub.adapters.postgres import Database
from hub.audit.entries import By, Entry, record
from hub.bootstrap.retain import as_received
from hub.bootstrap.retain import retain as run_retain
from hub.commands.asking import Reason, Whoever, asker, with_database, with_keys
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.privacy import resealing
from hub.privacy.erasing import Eraser
from hub.privacy.exporting import Export, export
from hub.privacy.people import Kind, Known, NobodyError, known
from hub.privacy.requests import Request, ask_erasure, note_export, read
from hub.privacy.retention import InForce, RetentionError, in_force
from hub.privacy.retention import told as retention_told
from hub.settings import Settings

privacy_app = typer.Typer(
    no_args_is_help=True, help="People: forget, give out, change keys, keep for so long."
)
HIDDEN = "Asked for, or read from stdin, so that it stands in no shell history."
UNREADABLE = (
    "this release cannot read the policy retention of {tenant}, so nothing of it goes; "
    "`hub policy show {tenant} retention` prints it: run the release that it was published with, or publish another"
)
Tenant = Annotated[str, typer.Argument(show_default=False)]
Email = Annotated[bool, typer.Option("--email", help=f"Known by an e-mail address. {HIDDEN}")]
Phone = Annotated[bool, typer.Option("--phone", help=f"Known by a phone number. {HIDDEN}")]
Customer = Annotated[
    bool, typer.Option("--customer", help=f"Known by a reference, cus_... {HIDDEN}")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(retain)
    app.add_typer(privacy_app, name="privacy")


def retain() -> None:
    """Let go of what is too old, and forget who wants to be forgotten."""
    with refusals_said():
        asyncio.run(run_retain(Settings()))


@privacy_app.command()
def erase(  # noqa: PLR0913 - whom, of whom, why and by whom
    tenant: Tenant,
    reason: Reason,
    by: Whoever = "",
    *,
    email: Email = False,
    phone: Phone = False,
    customer: Customer = False,
) -> None:
    """Forget somebody; prints what stays. Stopped in the middle, `hub retain` finishes it."""
    with refusals_said():
        who = _asked(email=email, phone=phone, customer=customer)

    async def run(db: Database, keys: Keyring) -> Request:
        await tenants.check(db, tenant)
        request = await ask_erasure(db, keys, tenant, who, _by(by), why=reason)
        await Eraser(db, bootstrap.today(keys), as_received()).work(request)
        return await read(db, tenant, request)

    done = with_keys(run)
    typer.echo(msgspec.json.format(msgspec.json.encode(done)).decode())


@privacy_app.command("export")
def give_out(  # noqa: PLR0913 - whose, of whom, why and by whom
    tenant: Tenant,
    reason: Reason,
    by: Whoever = "",
    *,
    email: Email = False,
    phone: Phone = False,
    customer: Customer = False,
) -> None:
    """Print everything that is kept of somebody, as JSON."""
    with refusals_said():
        who = _asked(email=email, phone=phone, customer=customer)

    async def run(db: Database, keys: Keyring) -> Export:
        await tenants.check(db, tenant)
        found = await export(db, bootstrap.today(keys), tenant, who)
        await note_export(db, tenant, _by(by), found.figures, why=reason)
        return found

    typer.echo(msgspec.json.format(msgspec.json.encode(with_keys(run))).decode())


@privacy_app.command()
def rotate(tenant: Tenant, reason: Reason, by: Whoever = "") -> None:
    """Give a tenant a new key and seal everything anew; goes on where it was stopped."""

    async def run(db: Database, keys: Keyring) -> int:
        await tenants.check(db, tenant)
        version = await resealing.begin(db, keys, tenant)
        await record(db, _entry(tenant, "tenant_key:rotated", str(version), by, reason))
        await resealing.finish(db, keys, tenant, version)
        return version

    version = with_keys(run)
    typer.echo(f"{tenant}: everything kept is sealed with key {version}; those before only open")


@privacy_app.command("keys")
def list_keys(tenant: Tenant) -> None:
    """List the versions of a tenant's key."""
    found = with_database(lambda db: versions_of(db, tenant))
    if not found:
        typer.echo(
            "it has the key that derives from the master key; `hub privacy rotate` gives it one"
        )
        return
    names = ("version", "made", "state")
    rows = [(str(one.version), f"{one.created_at:%Y-%m-%d %H:%M}", _state(one)) for one in found]
    Listing(names, rows, whole=names).show()


@privacy_app.command("rewrap")
def change_master_key(reason: Reason, by: Whoever = "") -> None:
    """Wrap every key with today's HUB_MASTER_KEY; HUB_MASTER_KEY_OLD opens what was before."""

    async def run(db: Database, keys: Keyring) -> int:
        # Whoever still has derived keys would lose them with the old master key.
        there = [one.name for one in await tenants.listed(db) if one.erased_at is None]
        for tenant in (HUB, *there):
            if not await versions_of(db, tenant):
                version = await new_version(db, keys, tenant)
                await resealing.finish(db, keys, tenant, version)
        count = await rewrap(db, keys)
        await record(db, _entry(HUB, "master_key:changed", HUB, by, reason))
        return count

    typer.echo(
        f"{with_keys(run)} keys are wrapped with HUB_MASTER_KEY; take HUB_MASTER_KEY_OLD out"
    )


@privacy_app.command("retention")
def keep(tenant: Tenant) -> None:
    """Show for how many days a tenant's things are kept, and who says so; the policy `retention` does."""

    async def run(db: Database) -> InForce:
        await tenants.check(db, tenant)
        found = await in_force(db, [tenant], retention_told(Settings().retention))
        if tenant not in found:
            raise RetentionError(UNREADABLE.format(tenant=tenant))
        return found[tenant]

    told = with_database(run)
    by = "no version is in force" if told.version is None else f"version {told.version}"
    names = ("kind", "days", "says")
    rows = [
        (kind, "-" if one.days is None else str(one.days), one.why)
        for kind, one in told.kept.items()
    ]
    typer.echo(f"policy retention of {tenant}: {by}")
    Listing(names, rows, whole=names).show()


def _asked(*, email: bool, phone: bool, customer: bool) -> Known:
    told: dict[Kind, bool] = {"email": email, "phone": phone, "customer": customer}
    chosen = [kind for kind, wanted in told.items() if wanted]
    if len(chosen) != 1:
        raise NobodyError("say by what they are known: --email, --phone or --customer")
    if sys.stdin.isatty():
        return known(chosen[0], typer.prompt(chosen[0], hide_input=True))
    return known(chosen[0], sys.stdin.readline())


def _by(by: str) -> By:
    return By(kind="operator", id=asker(by))


def _entry(tenant: str, action: str, subject: str, by: str, why: str) -> Entry:
    return Entry(tenant=tenant, action=action, subject=subject, by=_by(by), why=why)


def _state(one: Version) -> str:
    if not one.has_key:
        return "thrown away"
    if one.retired_at is not None:
        return "only opens"
    if not one.seals:
        return "about to seal"
    return "seals" if one.resealed_at else "seals; older bodies are sealed anew"
