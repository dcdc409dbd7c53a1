"""The monthly sample: drawn, listed, shown and reviewed."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from hub.adapters.postgres import Queries
from hub.audit.entries import By
from hub.audit.samples.drawing import SampleError, Wish, draw, some_seed
from hub.audit.samples.reviews import (
    Finding,
    Sample,
    SampleDocument,
    read_sample,
    review,
    samples,
)
from hub.commands.asking import Whoever, asker
from hub.commands.audit import Json, audit_app
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.commands.trail import Tenant, asked_for

Whose = Annotated[str, typer.Argument(help="The tenant.")]
OK = "ok"


def add_to(_app: typer.Typer) -> None:
    """Add the commands of this file to those of the audit."""
    audit_app.command("sample")(sample)
    audit_app.command("samples")(listed)
    audit_app.command("review")(reviewed)


def sample(  # noqa: PLR0913 - which one, who asks, and how it is told
    tenant: Whose,
    month: Annotated[str, typer.Argument(help="As 2026-11; it has to be over.")],
    size: Annotated[int, typer.Option(help="So many records.")] = 20,
    seed: Annotated[str, typer.Option(help="The same gives the same; one is made without.")] = "",
    by: Whoever = "",
    *,
    as_json: Json = False,
) -> None:
    """Draw records that were closed in a month, or show what was drawn before by the same seed."""
    wish = Wish(tenant=tenant, month=month, size=size, seed=seed or some_seed())

    async def run(queries: Queries) -> SampleDocument:
        await draw(queries, wish, _operator(by))
        return await read_sample(queries, tenant, wish.id)

    _show(asked_for(tenant, run), as_json=as_json)


def listed(
    tenant: Tenant,
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits for review.")] = False,
    as_json: Json = False,
) -> None:
    """List samples and how much of each was reviewed, newest month first."""
    found = asked_for(tenant, lambda queries: samples(queries, tenant, only_open=only_open))
    if as_json:
        _lines(found)
    elif found:
        _listing(found).show()
    else:
        typer.echo("nothing fits")


def reviewed(
    tenant: Whose,
    sample: Annotated[str, typer.Argument(help="Its id.")],
    place: Annotated[int, typer.Argument(help="Of the record in it.")],
    finding: Annotated[
        list[str],
        typer.Option(
            help="check=code or check=code: what is wrong; code: ok, missing, wrong, unclear."
        ),
    ],
    by: Whoever = "",
) -> None:
    """Keep what was found of one record, for ever; nobody reviews what he had a part in."""
    with refusals_said():
        findings = [_finding(text) for text in finding]
    asked_for(
        tenant,
        lambda queries: review(queries, tenant, sample, place, findings=findings, by=_operator(by)),
    )
    typer.echo("kept")


def _operator(by: str) -> By:
    return By(kind="operator", id=asker(by), role="operator")


def _finding(text: str) -> Finding:
    check, _, rest = text.partition("=")
    code, _, said = rest.partition(":")
    try:
        return msgspec.convert(
            {"check": check.strip(), "code": code.strip(), "text": said.strip()}, Finding
        )
    except msgspec.ValidationError as error:
        message = f"{text!r} is no finding; write who=ok, or who=wrong: and what is wrong"
        raise SampleError(message) from error


def _show(document: SampleDocument, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(document).decode())
        return
    one = document.sample
    typer.echo(f"{one.id}: {one.records} of {one.population} closed records, {one.left} to review")
    rows = [
        (
            str(item.place),
            item.label,
            item.record,
            _became(item.review.findings if item.review else None),
        )
        for item in document.items
    ]
    if rows:
        Listing(("place", "kind", "record", "review"), rows, whole=("place", "record")).show()


def _became(findings: Sequence[Finding] | None) -> str:
    if findings is None:
        return "open"
    wrong = [f"{one.check} {one.code}: {one.text}" for one in findings if one.code != OK]
    return "; ".join(wrong) or "fine"


def _listing(found: Sequence[Sample]) -> Listing:
    names = ("sample", "month", "records", "of", "reviewed", "with_findings", "drawn_by")
    rows = [
        (o.id, o.month, *map(str, (o.records, o.population, o.reviewed, o.objected)), o.by)
        for o in found
    ]
    return Listing(names, rows, whole=names[:-1])


def _lines(found: Sequence[Sample]) -> None:
    for one in found:
        typer.echo(msgspec.json.encode(one).decode())
