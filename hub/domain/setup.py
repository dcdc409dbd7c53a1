"""The map of setting up: who is named for an area, and what a merchant still lacks."""

from collections.abc import Callable, Iterator

from schemas.policies import POLICIES
from schemas.policies.setup_map import AREAS, Area, SetupMapPolicy

OWNER = "owner"
OF_OUR_OWN = frozenset({"messages"})
"""Policies without which the hub has words of its own."""

DEFAULT_MAP = SetupMapPolicy(
    cost_posting=Area(owner="owner", backup="finance_user", approving_role="owner"),
    stock_movement=Area(
        owner="warranty_manager", backup="owner", approving_role="warranty_manager"
    ),
    pos_invoice=Area(owner="finance_user", backup="owner", approving_role="finance_user"),
    portal_status=Area(owner="sales_staff", backup="owner", approving_role="warranty_manager"),
    report_filter=Area(owner="system_admin", backup="owner", approving_role="owner"),
    system_link=Area(owner="system_admin", backup="owner", approving_role="owner"),
)
"""Who is named while nothing was published. A merchant that goes live publishes a whole map."""


def area_of(setup: SetupMapPolicy, name: str) -> Area:
    """An area of the map; where nothing is said of it, as by default."""
    given: Area | None = getattr(setup, name)
    default: Area = getattr(DEFAULT_MAP, name)
    return given or default


def approver(setup: SetupMapPolicy, name: str) -> str:
    """The role that approves what others want to change by hand in an area."""
    return area_of(setup, name).approving_role or OWNER


def may_change(
    old: SetupMapPolicy, new: SetupMapPolicy, role: str
) -> Iterator[tuple[str, list[str]]]:
    """The places that differ and are not this role's to change, with those who may.

    Who approves in an area is said by the merchant's owner: nobody names himself.
    """
    for name in AREAS:
        area = area_of(old, name)
        if area == area_of(new, name):
            continue
        named = [one for one in dict.fromkeys((area.owner, area.backup, OWNER)) if one]
        if role not in named:
            yield name, named
        elif role != OWNER and approver(old, name) != approver(new, name):
            yield f"{name}/approving_role", [OWNER]


def missing(setup: SetupMapPolicy | None, stands: Callable[[str], bool]) -> list[tuple[str, str]]:
    """What a merchant needs before it goes live: where, and what to do; `stands` tells of a policy."""
    lacking = [
        (f"/setup_map{pointer}", _todo(pointer))
        for pointer in (setup or SetupMapPolicy()).missing()
    ]
    lacking += [
        (f"/policies/{name}", f"publish the policy {name}; none is in force yet")
        for name in POLICIES
        if name not in OF_OUR_OWN and not stands(name)
    ]
    return lacking


def _todo(pointer: str) -> str:
    area, _, field = pointer.removeprefix("/").partition("/")
    if not field:
        return f"the area {area} is not settled; name its owner, backup and the rest"
    if field == "backup":
        return f"{area} has no backup, or its owner is its own; name another role"
    return f"{area} has no {field}; write it into the map"
