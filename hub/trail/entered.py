"""A line of the trail as an entry of the audit: who did what to what, in the grammar of its actions."""

from hub.audit.entries import MAX_NAME, MAX_TEXT, NOBODY
from hub.trail.rows import DOOR, LANDED, Place, Row, read_refused

SET_ASIDE = "item:set_aside"
LANDINGS = {
    "translated": "payload:landed",
    "meaningless": "payload:landed",
    "unreadable": "payload:refused",
}
DECISIONS = {
    "deduplicated": "event:repeated",
    "rejected": "event:rejected",
    "early": "event:kept",
    "forwarded": "event:placed",
    "given_up": "event:given_up",
    "retrying": SET_ASIDE,
    "held": SET_ASIDE,
    "dead_lettered": SET_ASIDE,
}
"""By outcome; any other is a decision as it should be."""
Entered = tuple[str, object, str, str, str, str, str, str, str, str | None, str]


def entered(place: Place, row: Row) -> Entered:
    """The entry: tenant, at, action, subject, kind and id of who, why, origin, correlation, event, role.

    What somebody did is told by him and not by the source that he spoke through: with its decision, so that
    no crash can lie between the two.
    """
    subject, why, role = row.subject or row.correlation, row.reason, ""
    kind, who, origin = "source", row.source, place.topic
    if place.log == DOOR:
        action = "door:refused"
        one = read_refused(row.doc)
        kind, who = ("key", one.principal) if one.principal else (NOBODY.kind, NOBODY.id)
        origin = f"{row.source} {one.path}"
    elif row.stage == LANDED:
        action = LANDINGS.get(row.status, SET_ASIDE)
    else:
        action = DECISIONS.get(row.status, "event:decided")
    if row.act is not None:
        kind, who, role = row.act.kind, row.act.who, row.act.role
        subject, action = row.act.subject, row.act.action or action
        why = row.reason or row.act.why
    return (
        row.tenant,
        row.at,
        action,
        subject[:MAX_NAME],
        kind,
        who[:MAX_NAME],
        why[:MAX_TEXT],
        origin[:MAX_NAME],
        row.correlation[:MAX_NAME],
        row.event_id,
        role,
    )
