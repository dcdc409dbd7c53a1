"""Which facts stand on which topic, and how a type name finds its model."""

from schemas.base import Fact
from schemas.events.claim import (
    ASKED,
    MOVED,
    ApprovalGiven,
    ClaimAnswered,
    ClaimClosed,
    ClaimEvidenceAdded,
    ClaimFiled,
    ClaimReminded,
    ClaimStirred,
    ClaimWithdrawn,
    CostPosted,
    CostRecorded,
    CostVerified,
    DenialGiven,
    EffectChanged,
    EffectReported,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReplacementRefused,
    ReplacementTaken,
    ReviewBegun,
    StockPromised,
    StockReleased,
    StockSeen,
    StockShort,
    StockWanted,
    UnitReplaced,
)
from schemas.events.customer import (
    CustomerMerged,
    CustomerMergeRequested,
    CustomerMergeUndone,
    CustomerNoticed,
    CustomerUnmerged,
)
from schemas.events.decided import (
    OverrideApplied,
    OverrideGranted,
    OverrideRequested,
    OverrideReturned,
    ProposalApproved,
    ProposalDeclined,
    ProposalMade,
    ProposalSettled,
    StatusChangeRequested,
    WarrantyExtended,
    WarrantyReinstated,
)
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SaleLinked,
    SaleUnlinked,
    SerialSold,
    UnitReturned,
)
from schemas.events.policy import (
    CatalogRefused,
    GoLiveRequested,
    PolicyAccepted,
    PolicyPublished,
    TenantWentLive,
)
from schemas.events.product import (
    CategoryChanged,
    CategoryDescribed,
    ProductChanged,
    ProductDescribed,
    ProductNamed,
    StockChanged,
    StockMoved,
)
from schemas.events.proof import (
    ProofAccepted,
    ProofDecided,
    ProofOffered,
    ProofReceived,
    ProofRefused,
)
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleDeleted, SaleRecorded, SaleReturned
from schemas.events.unit import OwnershipTransferred, SerialAttached
from schemas.events.warranty import (
    WarrantyActivated,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyLinked,
    WarrantyRefused,
    WarrantySerialAttached,
    WarrantyTransferred,
)
from schemas.topics import (
    CATALOG_INTAKE,
    CATALOG_STATUS,
    WARRANTY_INTAKE,
    WARRANTY_STATUS,
    Topic,
)

CLAIM_TOLD: tuple[type[Fact], ...] = (
    *(ClaimFiled, ClaimEvidenceAdded, ClaimAnswered, ClaimWithdrawn),
    *(EffectReported, CostPosted),
)
"""What systems tell of claims, and of what was asked of them."""

TOLD: tuple[type[Fact], ...] = (
    *(SaleRecorded, SaleReturned, SaleDeleted, RegistrationRequested),
    *(SerialAttached, OwnershipTransferred),
    *CLAIM_TOLD,
)
"""What anyone with the ACL may publish."""

CLAIM_BY_HAND: tuple[type[Fact], ...] = (
    *(ReviewBegun, ApprovalGiven, DenialGiven, QuestionAsked, NoteWritten),
    *(EvidenceSettled, ClaimClosed, CostVerified),
)
"""What a merchant's people decide of claims."""

BY_HAND: tuple[type[Fact], ...] = (
    StatusChangeRequested,
    ProposalApproved,
    ProposalDeclined,
    OverrideRequested,
    ProofOffered,
    ProofAccepted,
    ProofRefused,
    CustomerMergeRequested,
    CustomerMergeUndone,
    *CLAIM_BY_HAND,
)
"""What a merchant's people and systems do about its warranties and customers."""

CLAIM_LETTERS: tuple[type[Fact], ...] = (
    *(ClaimStirred, StockSeen, StockPromised, StockShort),
    *(UnitReplaced, ReplacementTaken, ReplacementRefused),
)
"""What homes write to each other about claims."""

LETTERS: tuple[type[Fact], ...] = (
    SaleLinked,
    LinkAccepted,
    LinkRefused,
    SaleUnlinked,
    UnitReturned,
    RegistrationLinked,
    RegistrationAccepted,
    RegistrationRefused,
    SerialSold,
    OverrideGranted,
    OverrideApplied,
    OverrideReturned,
    CustomerNoticed,
    *CLAIM_LETTERS,
)
"""What one home writes to another; they travel on the intake topic and are the hub's alone."""

BECAME: tuple[type[Fact], ...] = (
    WarrantyActivated,
    WarrantyLinked,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyRefused,
    WarrantyReinstated,
    WarrantyExtended,
    WarrantySerialAttached,
    WarrantyTransferred,
    *MOVED.values(),
    ClaimReminded,
    *ASKED.values(),
    EffectChanged,
)
"""What became of a warranty and of claims on it: what endpoints hear of."""

DECIDED: tuple[type[Fact], ...] = (
    *BECAME,
    ProposalMade,
    ProposalSettled,
    ProofReceived,
    ProofDecided,
    CustomerMerged,
    CustomerUnmerged,
    CostRecorded,
)

LAID_DOWN: tuple[type[Fact], ...] = (PolicyPublished, GoLiveRequested)
"""What people lay down for the catalog."""

CATALOG_TOLD: tuple[type[Fact], ...] = (ProductDescribed, CategoryDescribed, StockMoved)
"""What anyone with the ACL may tell the catalog."""

CATALOG_LETTERS: tuple[type[Fact], ...] = (ProductNamed, StockWanted, StockReleased)
"""What homes of warranties write to the catalog."""

CATALOG_DECIDED: tuple[type[Fact], ...] = (
    PolicyAccepted,
    TenantWentLive,
    ProductChanged,
    CategoryChanged,
    StockChanged,
    CatalogRefused,
)

FACTS: dict[Topic, tuple[type[Fact], ...]] = {
    WARRANTY_INTAKE: TOLD + BY_HAND + LETTERS,
    WARRANTY_STATUS: DECIDED,
    CATALOG_INTAKE: LAID_DOWN + CATALOG_TOLD + CATALOG_LETTERS,
    CATALOG_STATUS: CATALOG_DECIDED,
}
STATUS = frozenset({*DECIDED, *CATALOG_DECIDED})
"""Everything we say, and nobody else."""

ACTED: tuple[type[Fact], ...] = LAID_DOWN + BY_HAND
"""What somebody did: believed only where a door vouches that `by` has proved himself there."""

GRANTING: tuple[type[Fact], ...] = (OverrideGranted, OverrideApplied, OverrideReturned)
"""Letters by which an override counts. Anybody who may write the topic can call himself the hub, so these carry its
mark as well."""

BY_TYPE: dict[str, type[Fact]] = {fact.TYPE: fact for facts in FACTS.values() for fact in facts}
