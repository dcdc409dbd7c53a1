"""What the API answers with, as its description shows it; the answers themselves are written by hand."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.claim import CostKind, Kind, State

DOCUMENT = ConfigDict(use_attribute_docstrings=True)


class Document(BaseModel):
    """What every document shares."""

    model_config = DOCUMENT


class Error(Document):
    """One place of a request, and what is expected there."""

    pointer: str
    """A JSON pointer into the body (`#/sale/lines/0`), `?name` of the query, `{name}` of the path, `Name:`
    of a header; of a payload, the place in it (`lines.0`)."""
    message: str


class Reason(Document):
    """Why a rule refused, and which line if one is to blame."""

    code: str
    message: str
    line: str | None = None


class Problem(Document):
    """RFC 9457: what went wrong, and in `detail` what to do next."""

    type: Annotated[str, Field(pattern="^urn:warranty-hub:problem:[a-z-]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: Annotated[str, Field(pattern="^[a-z-]+$")]
    """The last part of `type`."""
    request: str | None = None
    """The request this is the answer to, where one was made."""
    errors: list[Error] | None = None
    reasons: list[Reason] | None = None


class Told(Document):
    """What a report was told of one unit."""

    line: str | None
    """Of the sale; null for a registration."""
    id: str | None
    """The warranty; null while a registration waits for the sale of its serial."""
    serial: str | None
    starts_on: date | None
    ends_on: date | None
    """The last covered day."""
    status: Literal["covered", "ended", "pending", "staged"]


class PublishedPolicy(Document):
    """A version that was published."""

    name: str
    version: int
    effective_from: datetime
    hash: str
    """Of the document, SHA-256; the same for the same meaning."""


class ProposalTold(Document):
    """A change that waits for whoever may decide it, or was settled."""

    id: Annotated[str, Field(pattern="^prp_[a-z2-7]{16}_[0-9]+$")]
    warranty: str
    change: Literal["end", "reinstate"]
    state: Literal["pending", "approved", "declined"]
    approver: str
    """The role that decides; the owner always may."""


class ProofTold(Document):
    """A proof of purchase that was offered or decided."""

    id: Annotated[str, Field(pattern="^prf_[a-z2-7]{16}_[0-9]+$")]
    warranty: str
    state: Literal["offered", "accepted", "refused"]
    why: str | None
    """Why it was decided so."""


class ChangedWarranty(Document):
    """A warranty as a decision by hand left it."""

    warranty: str
    status: Literal["covered", "ended"]
    ends_on: date
    ended_on: date | None


class GrantedOverride(Document):
    """An override within somebody's allowance; its warranty shows it once it had its effect."""

    id: Annotated[str, Field(pattern="^ovr_[0-9a-f]{32}$")]
    warranty: str
    policy_version: int


class Described(Document):
    """A product or category as its description left it."""

    id: Annotated[str, Field(pattern="^(prd|cat)_[a-z2-7]{16}_1$")]
    code: str
    version: int
    stale: bool | None = None
    """True where a later description was known already, which stays."""


class MovementTold(Document):
    """A movement of stock as it counts."""

    id: Annotated[str, Field(pattern="^mov_[a-z2-7]{16}_1$")]
    product: str
    branch: str
    quantity: int


class TransferTold(Document):
    """That a unit has a new owner."""

    warranty: str
    reference: str
    transferred_on: date


class AttachedTold(Document):
    """Which warranty has a serial that was told later."""

    warranty: str
    serial: str
    status: Literal["covered", "ended", "pending"]
    """`pending` until the purchase it lives in has answered."""


class MergedCustomer(Document):
    """A customer, and who it is read as; null where that is nobody else."""

    customer: str
    into: str | None


class ClaimTold(Document):
    """A claim as what was told or decided left it."""

    id: Annotated[str, Field(pattern="^clm_[a-z2-7]{16}_[0-9]+$")]
    warranty: str
    state: State
    missing: list[str]
    """Evidence that is required and not there."""
    blocked: list[str]
    """Why it cannot be decided as it is."""
    flags: list[str]


class ApprovalTold(Document):
    """The first of two approvals."""

    first_by: str
    needs: str


class EffectTold(Document):
    """Something that a claim led to, as what was told of it left it."""

    id: Annotated[str, Field(pattern="^eff_[a-z2-7]{16}_[0-9]+$")]
    claim: str
    kind: Kind
    state: Literal["waiting", "requested", "acknowledged", "done", "failed"]
    stage: str | None
    reference: str | None


class PostingTold(Document):
    """A posting that stands in a claim."""

    id: str
    claim: str
    kind: CostKind
    amount: int
    currency: str


class RequestState(Document):
    """A request and what was decided; once it is accepted, a repeat or rejected, it never changes."""

    id: Annotated[str, Field(pattern="^req_[0-9a-f]{32}$")]
    state: Literal[
        "accepted",
        "repeat",
        "rejected",
        "given_up",
        "waiting",
        "early",
        "retrying",
        "held",
        "set_aside",
    ]
    warranties: list[Told] | None = None
    """In the order of the lines, one for each unit."""
    ended: list[str] | None = None
    """The warranties that a return ended."""
    policy: PublishedPolicy | None = None
    """The version that a publication led to."""
    live_since: datetime | None = None
    """Since when the merchant is live."""
    product: Described | None = None
    category: Described | None = None
    movement: MovementTold | None = None
    changed: ChangedWarranty | None = None
    """What a decision by hand changed."""
    proposal: ProposalTold | None = None
    proof: ProofTold | None = None
    override: GrantedOverride | None = None
    transfer: TransferTold | None = None
    attached: AttachedTold | None = None
    merged: MergedCustomer | None = None
    """A customer and who it is read as from now on."""
    claim: ClaimTold | None = None
    approval: ApprovalTold | None = None
    """Where somebody else has to approve the claim, too."""
    effect: EffectTold | None = None
    posting: PostingTold | None = None
    reasons: list[Reason] | None = None
    message: str | None = None
    """Where it is not decided: what happens next."""


class OrderDocument(Document):
    """An order reference and its namespace."""

    namespace: str
    reference: str


class Warranty(Document):
    """A unit and its cover."""

    id: Annotated[str, Field(pattern="^wty_[a-z2-7]{16}_[0-9]+$")]
    status: Literal["covered", "ended"]
    product: str
    """Its code; else brand and name."""
    serial: str | None
    starts_on: date
    ends_on: date
    """The last covered day, unless `ended_on` comes before it."""
    ended_on: date | None
    """The first day that is no longer covered, where it came back."""
    order: OrderDocument | None
    customer: str | None
    """A reference; never a name or an address."""
    branch: str | None
    version: int


class DecidedByHand(Document):
    """Who decided, why, and on what ground."""

    kind: str
    id: str
    role: str
    why: str
    proposal: str | None
    override: str | None
    """The override without which a rule would have said no."""


class ProposalDocument(ProposalTold):
    """A proposal with whoever made it and whoever settled it."""

    why: str
    made_at: datetime
    by_kind: str
    by_id: str
    by_role: str
    settled_by: str | None
    settled_at: datetime | None
    settled_why: str | None


class ProposalPage(Document):
    """Some proposals, by id."""

    proposals: list[ProposalDocument]
    cursor: str | None


class Happened(Document):
    """One thing that happened to a unit."""

    what: Literal[
        "sold", "registered", "serial_attached", "transferred", "ended", "reinstated", "extended"
    ]
    on: date
    sources: list[str]
    """Who said so."""
    by: DecidedByHand | None = None
    """Who decided it by hand."""
    order: OrderDocument | None = None
    reference: str | None = None
    """Of a registration or a transfer."""
    line: str | None = None
    covers_until: date | None = None
    branch: str | None = None
    customer: str | None = None
    remarks: list[str] = []
    """What is remarkable about whose it is: `customer_name_differs`, `contact_conflict`."""
    contact: str | None = None
    """Which of the customer's contacts was given, where that is remarkable."""
    event: str | None = None
    trace: str | None = None
    """Where the whole way of this report can be read."""


class Extension(Document):
    """What its owner gets by registering, from the day of sale on."""

    months: int
    type: str
    ends_on: date


class RuledBy(Document):
    """Which version of which policy decided a period that a report had not named."""

    policy: str
    version: int
    at: datetime
    """What was in force at that moment counted."""
    product: str | None
    rule: str
    """The part of the document that fitted, such as `by_product/drill`."""
    months: int
    type: str
    ends_on: date
    event: str
    """The report."""
    line: str | None
    catalogue: dict[str, int] | None = None
    """The versions of the product and its category that were looked at."""
    extended: Extension | None
    """Null where registering brings nothing longer."""


class ShopSaid(Document):
    """What a shop said of an order, as far as a registration was compared with it."""

    source: str
    asked_at: datetime
    payment: str
    units: int
    """Of the product in the order, neither refunded nor removed."""


class VerifiedBy(Document):
    """Under which version of which policy a shop was asked about a registration, and what it confirmed."""

    event: str
    """The registration."""
    policy: str
    version: int
    at: datetime
    """What was in force at that moment counted."""
    order: str
    product: str
    answer: ShopSaid


class WarrantyWithHistory(Warranty):
    """A unit, its cover, and everything that was reported of it."""

    rulings: list[RuledBy]
    verifications: list[VerifiedBy]
    """Which registrations a shop has confirmed."""
    proposals: list[ProposalDocument]
    """What somebody wanted changed and another had to decide."""
    proof: Literal["missing", "offered", "accepted", "refused"]
    """What the proofs of purchase amount to; `/v1/warranties/{warranty}/proofs` has each."""

    history: list[Happened]
    """Reports in the order they were taken in, then its end."""


class WarrantyPage(Document):
    """Some warranties, by id."""

    warranties: list[Warranty]
    cursor: str | None
    """Give it back as `cursor` for the next page; null at the end."""
