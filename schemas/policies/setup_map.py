"""Who answers for each of the six areas of setting up, by which rule, and what proves it."""

from collections.abc import Iterator

from schemas.policies.parts import Policy, StaffRole, Strict, Text

AREAS = (
    "cost_posting",
    "stock_movement",
    "pos_invoice",
    "portal_status",
    "report_filter",
    "system_link",
)


class Area(Strict):
    """One area. What is left out is still to be settled: nobody goes live without it."""

    owner: StaffRole | None = None
    """Who creates and updates it."""
    backup: StaffRole | None = None
    """Who does so while the owner is away."""
    reviewer: StaffRole | None = None
    rule: Text | None = None
    evidence: Text | None = None
    approving_role: StaffRole | None = None
    """Who approves what others want to change by hand."""
    report: Text | None = None
    """Which report proves that it works."""
    exception_note: Text | None = None
    """What staff write when something is not normal."""


class SetupMapPolicy(Policy):
    """The map; like a policy it is never edited, and changed by whom it names."""

    cost_posting: Area | None = None
    stock_movement: Area | None = None
    pos_invoice: Area | None = None
    portal_status: Area | None = None
    report_filter: Area | None = None
    system_link: Area | None = None

    def missing(self) -> Iterator[str]:
        """What has still to be settled, as JSON pointers."""
        for name in AREAS:
            area: Area | None = getattr(self, name)
            if area is None:
                yield f"/{name}"
            else:
                unset = (f for f in Area.model_fields if getattr(area, f) is None)
                yield from (f"/{name}/{field}" for field in unset)
            if area is not None and area.owner is not None and area.owner == area.backup:
                yield f"/{name}/backup"
