"""A trace as a tree that people read."""

from datetime import datetime

from rich.markup import escape
from rich.tree import Tree

from hub.trail.way import Asked, Decided, EventWay, Landed, Published, Trace


def told(trace: Trace) -> Tree:
    """The tree; times are seconds since the way began."""
    tree = Tree(f"[bold]{escape(trace.correlation)}[/] of {escape(trace.tenant)}")
    tree.add(f"began {trace.began_at:%Y-%m-%d %H:%M:%S.%f} UTC")
    for request in trace.requests:
        _request(tree, request, trace.began_at)
    for landed in trace.landed:
        _landed(tree, landed, trace.began_at)
    for event in trace.events:
        _event(tree, event, trace.began_at)
    for refused in trace.refused:
        line = f"{refused.door} {refused.path} answered {refused.status}: {refused.reason}"
        branch = tree.add(escape(line))
        branch.add(escape(f"{refused.size} bytes, SHA-256 {refused.hash}"))
    for did in trace.staff:
        line = f"{did.by}: {did.verb} {did.code}".rstrip() + f": {did.text}"
        tree.add(f"{_since(trace.began_at, did.at)}  {escape(line)}")
    for sentence in trace.open:
        tree.add(f"[yellow]{escape(sentence)}[/]")
    if trace.behind:
        late = max(one.seconds for one in trace.behind)
        tree.add(f"[red]the trail is {late:.1f} s behind; something newer may be missing[/]")
    if trace.truncated:
        tree.add("[red]not complete: there is more than can be shown[/]")
    return tree


def _since(began: datetime, at: datetime | None) -> str:
    return "      …" if at is None else f"{(at - began).total_seconds():+6.3f} s"


def _request(tree: Tree, one: Asked, began: datetime) -> None:
    branch = tree.add(escape(f"request {one.id} for {one.scope}"))
    branch.add(f"{_since(began, one.reserved_at)}  reserved")
    if one.decided_at is not None:
        branch.add(f"{_since(began, one.decided_at)}  answered: [bold]{one.outcome}[/]")


def _landed(tree: Tree, one: Landed, began: datetime) -> None:
    branch = tree.add(escape(f"payload {one.raw} from {one.source}"))
    branch.add(escape(f"{one.size} bytes, SHA-256 {one.hash}"))
    where = escape(f"{one.topic}[{one.part}] at {one.offset}")
    branch.add(f"{_since(began, one.received_at)}  landed on {where}")
    meant = ", ".join(meant.type for meant in one.events) or one.reason
    by = escape(f"by {one.connector} revision {one.revision}: {meant}")
    branch.add(f"{_since(began, one.translated_at)}  [bold]{one.outcome}[/] {by}")


def _event(tree: Tree, event: EventWay, began: datetime) -> None:
    cause = f", caused by {event.caused_by}" if event.caused_by else ""
    branch = tree.add(escape(f"{event.type} {event.id} from {event.source}{cause}"))
    for one in event.decisions:
        line = branch.add(f"{_since(began, one.at)}  {_decision(one)}")
        for said in one.said:
            _said(line, said, began)


def _decision(one: Decided) -> str:
    where = escape(f"{one.topic}[{one.part}] at {one.offset}, epoch {one.epoch}")
    reason = f": {escape(one.reason)}" if one.reason else ""
    return f"[bold]{one.outcome}[/] on {where}{reason}"


def _said(branch: Tree, said: Published, began: datetime) -> None:
    line = branch.add(escape(f"{said.type} of {said.subject}, seq {said.seq} of {said.topic}"))
    if said.acknowledged:
        line.add(f"{_since(began, said.at)}  published")
    for view in said.projected:
        if view.shown:
            line.add(f"{_since(began, view.at)}  shown in {escape(view.name)}")
