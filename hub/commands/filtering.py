"""The options by which a command chooses items: the same for every one of them."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_args

import typer

from hub.recovery.choosing import Filter, State

STATES = ", ".join(get_args(State))
CONTAINING = {
    taken: Annotated[str | None, typer.Option(*names, help="A text that its reason contains.")]
    for taken, names in ((False, ("--reason", "--reason-has")), (True, ("--reason-has",)))
}
"""Without `--reason` where a command asks by that for a reason of its own."""
OPTIONS: dict[str, Any] = {
    "state": Annotated[str | None, typer.Option(help=f"One of {STATES}.")],
    "tenant": Annotated[str | None, typer.Option()],
    "source": Annotated[str | None, typer.Option()],
    "code": Annotated[str | None, typer.Option(help="Why, in one word.")],
    "type": Annotated[str | None, typer.Option(help="Of the event.")],
    "release": Annotated[str | None, typer.Option(help="Of the hub that tried it last.")],
    "dependency": Annotated[str | None, typer.Option(help="What outside it waits for.")],
    "home": Annotated[str | None, typer.Option(help="Of an event; the key of a raw record.")],
    "of_topic": Annotated[str | None, typer.Option("--topic")],
    "containing": CONTAINING[False],
    "note": Annotated[str | None, typer.Option(help="A text that a note about it contains.")],
    "on_hold": Annotated[bool | None, typer.Option("--on-hold/--not-on-hold")],
}
FIELDS = {"of_topic": "topic", "containing": "reason"}
"""Options that are called otherwise where a command has one of that name itself."""


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes these options besides its own, and is given them as `where`."""

    @wraps(command)
    def run(**options: Any) -> None:
        chosen = {FIELDS.get(name, name): options.pop(name) for name in OPTIONS}
        command(where=_filter(chosen), **options)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = inspect.signature(command).parameters
    kinds = OPTIONS | {"containing": CONTAINING["reason" in own]}
    added = [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in kinds.items()
    ]
    kept = [one for name, one in own.items() if name != "where"]
    positional = [one for one in kept if one.kind is not keyword]
    named = [one for one in kept if one.kind is keyword]
    run.__signature__ = inspect.Signature([*positional, *named, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in [*kept, *added]}
    return run


def _filter(chosen: dict[str, Any]) -> Filter:
    if chosen["state"] not in (None, *get_args(State)):
        raise typer.BadParameter(f"{chosen['state']!r} is none of {STATES}", param_hint="--state")
    return Filter(**chosen)
