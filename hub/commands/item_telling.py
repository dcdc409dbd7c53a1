"""An item, and what a rehearsal of it found, as trees that people read."""

from collections.abc import Iterable

import msgspec
from rich.markup import escape
from rich.tree import Tree

from hub.recovery.actions import Action
from hub.recovery.opening import Opened
from hub.recovery.rehearsed import Change, ManyRehearsed, Outcome, Rehearsal, Rehearsed
from hub.recovery.replay_rehearsal import ReplayRehearsed
from hub.recovery.showing import Shown

MOST_CHANGES = 40


def shown_told(shown: Shown, opened: Opened | None = None) -> Tree:
    """Everything about one item."""
    item = shown.item
    tree = Tree(f"[bold]{escape(str(item.spot))}[/] of {escape(f'{item.tenant}/{item.source}')}")
    tree.add(escape(f"{item.type or 'raw record'} {item.event_id}"))
    tree.add(
        f"[bold]{item.state}[/] since {item.kept_at:%Y-%m-%d %H:%M:%S}, tried {item.attempt} times"
    )
    tree.add(escape(f"last by release {item.release or 'unknown'}: {item.code}: {item.reason}"))
    tree.add(escape(f"waits for {shown.waits_for}"))
    if shown.holds:
        tree.add(f"holds back {len(shown.holds)} of home {escape(item.home or '')}")
    if shown.breaker is not None:
        tree.add(
            escape(
                f"{shown.breaker.name}: {shown.breaker.failures} failures; {shown.breaker.reason}"
            )
        )
    tree.add(escape(f"its way: hub trace {item.correlation} --tenant {item.tenant}"))
    tree.add(
        escape(
            f"hash of the body as it came: {item.hash}" + ("; edited since" if item.edited else "")
        )
    )
    _actions(tree, shown.actions)
    _text(tree, "failed with", shown.error)
    if opened is not None:
        _opened(tree, opened)
    return tree


def _actions(tree: Tree, actions: Iterable[Action]) -> None:
    for one in actions:
        code = f" {one.code}" if one.code else ""
        tree.add(escape(f"{one.at:%Y-%m-%d %H:%M:%S} {one.by}: {one.verb}{code}: {one.text}"))


def _opened(tree: Tree, opened: Opened) -> None:
    for breach in opened.breaches:
        where = breach.place or "the whole"
        tree.add(f"[red]{escape(f'{where}: {breach.message}')}[/]")
    _text(tree, "payload", opened.text)
    _text(tree, "as it came", opened.original or "")
    headers = "\n".join(f"{name}: {value}" for name, value in opened.headers.items())
    _text(tree, "headers", headers)
    _text(tree, "failed with", opened.error)
    if bytes(opened.schema) != b"null":
        _text(tree, "schema", msgspec.json.format(bytes(opened.schema)).decode())


def _text(tree: Tree, title: str, text: str) -> None:
    if text:
        tree.add(title).add(escape(text.rstrip()))


def rehearsal_told(one: Rehearsal) -> Tree:
    """What would become of an item, and of those behind it."""
    tree = Tree(f"[bold]{escape(str(one.item.spot))}[/], if it were tried now")
    _rehearsed(tree, one.item)
    for follower in one.followers:
        _rehearsed(tree.add(f"then {escape(str(follower.spot))}"), follower)
    if one.left_behind:
        tree.add(f"{one.left_behind} would still wait behind")
    return tree


def rehearsals_told(many: ManyRehearsed) -> Tree:
    """What would become of many items."""
    tree = Tree(
        f"{many.items} items, if each were tried now" + (" (more fit)" if many.more else "")
    )
    for count in many.counts:
        tree.add(escape(f"{count.items}: {count.was} -> {count.would_be}"))
    for one in many.details:
        tree.add(rehearsal_told(one))
    return tree


def _rehearsed(tree: Tree, one: Rehearsed) -> None:
    was = one.was
    tree.add(
        escape(f"was {was.state} {was.code} in release {was.release or 'unknown'}: {was.reason}")
    )
    tree.add(
        f"would be [bold]{escape(f'{one.outcome} {one.code}'.strip())}[/] {escape(one.reason)}"
    )
    for event in one.events:
        _outcome(tree, event, alone=len(one.events) == 1)


def _outcome(tree: Tree, event: Outcome, *, alone: bool) -> None:
    branch = tree if alone else tree.add(escape(f"{event.type}: {event.outcome} {event.reason}"))
    for said in event.said:
        branch.add(escape(f"says {said.type} of {said.subject}"))
    for name in event.names:
        verb = "lets go of" if name.released else "takes"
        branch.add(escape(f"{verb} {name.kind} {name.value}"))
    for moved in event.moved:
        branch.add(escape(f"moves on {moved}"))
    for change in event.changes[:MOST_CHANGES]:
        branch.add(escape(_change(change)))
    if len(event.changes) > MOST_CHANGES:
        branch.add(f"and {len(event.changes) - MOST_CHANGES} changes more; --json tells all")


def _change(one: Change) -> str:
    where = f"{one.table} {one.id}" + (f" {one.place}" if one.place else "")
    return f"{where}: {bytes(one.old).decode()} -> {bytes(one.new).decode()}"


def replay_told(told: ReplayRehearsed) -> Tree:
    """What a replay would say."""
    more = " (the range has more)" if told.more else ""
    tree = Tree(f"{told.records} records, if they were translated now{more}")
    for warning in told.warnings:
        tree.add(f"[red]{escape(warning)}[/]")
    for count in told.outcomes:
        tree.add(escape(f"{count.items} records: {count.was} -> {count.would_be}"))
    for count in told.events:
        tree.add(escape(f"{count.items} events: {count.was} -> {count.would_be}"))
    for one in told.details:
        branch = tree.add(escape(f"{one.spot}: {one.was} -> {one.would_be} {one.reason}"))
        for event in one.events:
            branch.add(escape(event))
    return tree
