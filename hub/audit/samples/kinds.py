"""The kinds of records that are sampled: how those of a month are found, and what a reviewer looks at.

A further kind is one more value here. Its query is given the tenant and two instants as $1, $2 and $3,
and gives each record that was closed between them once, as `record`.
"""

from dataclasses import dataclass

from hub.audit.entries import READABLE


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a checklist."""

    check: str
    """Its area: evidence, decision, who, wording."""
    asks: str


@dataclass(frozen=True, slots=True)
class RecordKind:
    """Records of one kind."""

    name: str
    label: str
    population: str
    checklist: tuple[Question, ...]


_SAID = f"""
select distinct said ->> 'subject' as record
  from audit_entry e, json_array_elements(({READABLE.format(doc="e.doc")}) -> 'said') said
 where e.tenant = $1 and e.at >= $2 and e.at < $3
   and e.action in ('event:decided', 'status:changed', 'proposal:approved')
   and said ->> 'type' like '{{type}}.v%'
"""  # noqa: S608 - queries of ours
_WHO = Question("who", "Was it reported and decided by whom the setup map names?")

KINDS = (
    RecordKind(
        name="warranty_activated",
        label="Activation decided",
        population=_SAID.format(type="warranty.activated"),
        checklist=(
            Question(
                "evidence", "Does the sale or the registration stand in the log, with its payload?"
            ),
            Question(
                "decision", "Do product, dates and coverage follow from it and from the policy?"
            ),
            _WHO,
            Question("wording", "Was the customer told what is covered, and until when?"),
        ),
    ),
    RecordKind(
        name="warranty_ended",
        label="Warranty ended",
        population=_SAID.format(type="warranty.ended"),
        checklist=(
            Question(
                "evidence", "Does the return or the correction stand in the log, with its payload?"
            ),
            Question("decision", "Is it the right unit, and the right day?"),
            _WHO,
            Question("wording", "Was the customer told that and why the cover ended?"),
        ),
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
