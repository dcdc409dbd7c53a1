"""What a home remembers: one row of the purchase and one of each unit born there."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Literal, cast

import msgspec

from hub.domain.by_hand import Decided
from hub.domain.owners import Transfer
from hub.domain.reports import Report
from hub.domain.rulings import Ruling
from hub.domain.serials import Attachment
from hub.domain.shop_orders import Verification
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.customer_state import CustomerState
from hub.processors.purchase.proofs import Proof
from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType
from schemas.events.parts import Order, Product

COVERED: Literal["covered"] = "covered"
ENDED: Literal["ended"] = "ended"
PENDING = "pending"


class Grant(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An override that an allowance took."""

    override: str
    warranty: str
    amount: int
    currency: str
    state: str
    reason: str | None = None
    """Why it had no effect."""


class Allowance(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a person has overridden in a month."""

    actor: str
    month: str
    grants: tuple[Grant, ...] = ()


class ToldProposal(msgspec.Struct, frozen=True, gc=False):
    """What its asker is told of a proposal."""

    id: str
    warranty: str
    change: str
    state: str
    approver: str


class Proposal(Row, frozen=True, gc=False, omit_defaults=True):
    """A change that waits for the role that may decide it, and how it was settled."""

    number: int
    state: str
    warranty: str
    change: str
    approver: str
    why: str
    by_kind: str
    by_id: str
    by_role: str
    made_at: datetime
    event: str
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_why: str | None = None

    @property
    def told(self) -> ToldProposal:
        """As its asker is told."""
        return ToldProposal(self.id, self.warranty, self.change, self.state, self.approver)


class Warranty(msgspec.Struct, frozen=True, gc=False):
    """What a sender is told of one unit, and what is kept to tell it again."""

    line: str | None
    id: str | None
    serial: str | None
    starts_on: date | None
    ends_on: date | None
    status: str


class Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A line of a sale as far as a repeat is compared by it."""

    product: str
    quantity: int
    serials: tuple[str, ...]
    months: int | None
    until: date | None
    line: str | None = None
    told: str | None = None
    """How the source itself called the product, where this order calls it otherwise."""


class Sale(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one source said of this order, and what it was answered."""

    connector: str
    event: str
    day: date
    lines: tuple[Line, ...]
    answer: tuple[Warranty, ...]
    branch: str | None = None
    customer: str | None = None
    raw: str | None = None
    """The raw record it was translated from."""
    revision: int = 0
    """Of the translation; a higher one of the same record corrects it."""
    also: tuple[str, ...] = ()
    """Other raw records that said the same."""
    undated: bool = False
    """Nobody said when it was; the day is that of the report."""
    own_days: tuple[date | None, ...] = ()
    """Of each line that was sold on another day; empty where none was."""
    remarks: tuple[tuple[str, str | None], ...] = ()
    """What its sender should know of it: a code and the line."""
    prices: tuple[tuple[int, str] | None, ...] = ()
    """Of one unit of each line in minor units; empty where none was told. No repeat is compared by it."""
    version: int = 0
    """How often the order was deleted before."""


class Deleted(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """That an order was deleted; what is reported of it later is another version of it."""

    connector: str
    event: str
    raws: tuple[str, ...] = ()
    """The raw records of what it took back: no later translation of them brings that back."""
    answer: tuple[Warranty, ...] = ()
    """Kept of the last deletion only."""


class Return(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one source said came back, and which warranties that were."""

    connector: str
    reference: str
    day: date
    lines: tuple[tuple[str | None, str | None, int, tuple[str, ...]], ...]
    answer: tuple[str, ...]
    raw: str | None = None
    revision: int = 0


class Pointer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A line sold here whose unit lives in another home."""

    connector: str
    line: str
    warranty: str
    serial: str
    serial_norm: str
    product: str
    """The product's key."""
    goods: tuple[str | None, str | None, str | None]
    """The product as it was told: code, brand, name."""
    ends_on: date
    state: Literal["pending", "linked", "refused"] = "pending"
    returned_by: tuple[str, ...] = ()
    instead_of: str | None = None
    """The unit of this home that turns out to be the linked one, once the link is accepted."""
    ruling: Ruling | None = None
    day: date | None = None
    """When its line was sold; older rows tell it by their sale alone."""
    extended_until: date | None = None


class Registered(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A registration that was accepted, and what it was answered."""

    connector: str
    reference: str
    warranty: str
    answer: Warranty
    raw: str | None = None


class Staged(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A registration that names no product and waits for the sale that does."""

    connector: str
    reference: str
    event: str
    serial: str
    serial_norm: str
    day: date
    ends_on: date
    patience_ends_on: date
    branch: str | None = None
    customer: str | None = None
    asked: str | None = None
    """The warranty whose home was asked to take it and has not answered yet."""
    raw: str | None = None
    revision: int = 0


class PurchaseRow(Row, frozen=True, gc=False, omit_defaults=True):
    """The head of a home: who reported what, and what each was answered."""

    order_namespace: str | None = None
    order_reference: str | None = None
    sales: tuple[Sale, ...] = ()
    returns: tuple[Return, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    registered: tuple[Registered, ...] = ()
    staged: tuple[Staged, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    allowance: Allowance | None = None
    """Where this is the home of a person's overrides in a month."""
    customer: CustomerState | None = None
    """Where this is the home of a customer."""

    @property
    def order(self) -> Order:
        """The order this home is of; meaningless where it was founded by a registration."""
        return Order.model_construct(
            namespace=self.order_namespace or "", reference=self.order_reference or ""
        )

    @property
    def key(self) -> tuple[str | None, str]:
        """The order as reports name it."""
        return self.order_namespace, self.order_reference or ""


class Unit(Row, frozen=True, gc=False, omit_defaults=True):
    """One unit and the coverage its reports amount to."""

    number: int
    status: Literal["covered", "ended"]
    product: str
    """The product's key."""
    starts_on: date
    ends_on: date
    reports: tuple[Report, ...]
    serial: str | None = None
    serial_norm: str | None = None
    order_reference: str | None = None
    customer: str | None = None
    branch: str | None = None
    ended_on: date | None = None
    returned_by: tuple[str, ...] = ()
    """The sources that said it came back."""
    follows: str | None = None
    """The unit that had the serial before, came back and was sold again as this one."""
    versions: tuple[tuple[str, str, int], ...] = ()
    """Of orders of other homes that were deleted: namespace, reference and how often."""
    rulings: tuple[Ruling, ...] = ()
    """By which policies the periods of its reports were decided, where they named none."""
    decisions: tuple[Decided, ...] = ()
    extended_until: date | None = None
    """A last day that was granted against the rule, whatever reports say."""
    transfers: tuple[Transfer, ...] = ()
    """How it changed hands, in the order in which that was told."""
    attached: Attachment | None = None
    """Where its serial was attached after its cover had begun."""
    verifications: tuple[Verification, ...] = ()
    """Which of its registrations a shop has confirmed."""
    replaces: str | None = None
    """The warranty of the faulty unit that this one was sent for."""
    replaced_by: str | None = None
    """The warranty of the unit that was sent for this one."""

    @property
    def withdrawn(self) -> bool:
        """Whether whoever said that it was sold took that back."""
        return self.status == ENDED and not self.reports


Other = Proposal | Proof | Claim | Effect
"""What a home has beside its head and its units."""


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """A home as rules see it; `row` is None until something was accepted there."""

    row: PurchaseRow | None = None
    units: dict[str, Unit] = {}
    proposals: dict[str, Proposal] = {}
    proofs: dict[str, Proof] = {}
    claims: dict[str, Claim] = {}
    effects: dict[str, Effect] = {}

    def products(self) -> frozenset[str]:
        """What products are called here."""
        row = self.row or PurchaseRow("")
        lines = (line.product for sale in row.sales for line in sale.lines)
        units = (unit.product for unit in self.units.values())
        return frozenset((*lines, *units, *(pointer.product for pointer in row.pointers)))

    def changed(
        self, row: PurchaseRow, units: Sequence[Unit] = (), others: Sequence[Other] = ()
    ) -> "Purchase":
        """The same purchase with another head, and these units and other rows new or changed."""
        mine = {**self.units, **{unit.id: unit for unit in units}} if units else self.units
        if not others:
            return msgspec.structs.replace(self, row=row, units=mine)
        return Purchase(
            row,
            mine,
            {**self.proposals, **{one.id: one for one in others if isinstance(one, Proposal)}},
            {**self.proofs, **{one.id: one for one in others if isinstance(one, Proof)}},
            {**self.claims, **{one.id: one for one in others if isinstance(one, Claim)}},
            {**self.effects, **{one.id: one for one in others if isinstance(one, Effect)}},
        )


def product_of(goods: tuple[str | None, str | None, str | None]) -> Product:
    """The product as it was told."""
    code, brand, name = goods
    return Product.model_construct(code=code, brand=brand, name=name)


def assemble(head: Row | None, parts: Sequence[Row]) -> Purchase:
    """A home from its stored rows, its units in the order they were born."""
    if not parts:
        return Purchase(cast("PurchaseRow | None", head))
    units = sorted((unit for unit in parts if isinstance(unit, Unit)), key=lambda unit: unit.number)
    born = {unit.id: unit for unit in units}
    home = Purchase(cast("PurchaseRow | None", head), born)
    if len(parts) == len(units):
        return home
    return Purchase(
        home.row,
        born,
        {part.id: part for part in parts if isinstance(part, Proposal)},
        {part.id: part for part in parts if isinstance(part, Proof)},
        {part.id: part for part in parts if isinstance(part, Claim)},
        {part.id: part for part in parts if isinstance(part, Effect)},
    )


def take_apart(purchase: Purchase) -> PurchaseRow | None:
    """The head row of a home."""
    return purchase.row


def _column(name: str, kind: str) -> Column:
    return Column(name, kind, attrgetter(name))


def _customers(unit: Unit) -> str | None:
    """Whoever reports name, as Postgres writes a list; hardly any unit has more than its own."""
    named = {report.customer for report in unit.reports if report.customer}
    if named <= {unit.customer}:
        return None
    return f"{{{','.join(msgspec.json.encode(one).decode() for one in sorted(named))}}}"


HEAD = RowType(
    table="purchase",
    row=PurchaseRow,
    columns=(_column("order_namespace", "text"), _column("order_reference", "text")),
)
UNITS = RowType(
    table="unit",
    row=Unit,
    columns=(
        _column("status", "text"),
        _column("serial", "text"),
        _column("serial_norm", "text"),
        _column("product", "text"),
        _column("order_reference", "text"),
        _column("customer", "text"),
        _column("branch", "text"),
        _column("starts_on", "date"),
        _column("ends_on", "date"),
        Column("customers", "text[]", _customers),
    ),
)
PROPOSALS = RowType(
    table="proposal",
    row=Proposal,
    columns=(_column("state", "text"), _column("warranty", "text")),
)
