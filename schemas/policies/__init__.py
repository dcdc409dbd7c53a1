"""Policies: the documents by which a merchant's decisions are made, one model a name."""

from schemas.policies.approval import ApprovalPolicy
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.coverage import CoveragePolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.issue_types import IssueTypesPolicy
from schemas.policies.messages import MessagesPolicy
from schemas.policies.override import OverridePolicy
from schemas.policies.parts import Policy
from schemas.policies.required_fields import RequiredFieldsPolicy
from schemas.policies.retention import RetentionPolicy
from schemas.policies.serial_rules import SerialRulesPolicy
from schemas.policies.setup_map import SetupMapPolicy
from schemas.policies.shop_verification import ShopVerificationPolicy
from schemas.policies.stock import StockPolicy
from schemas.policies.wording import WordingPolicy

SETUP_MAP = "setup_map"

MODELS: dict[str, type[Policy]] = {
    "coverage": CoveragePolicy,
    "serial_rules": SerialRulesPolicy,
    "evidence": EvidencePolicy,
    "claim_rules": ClaimRulesPolicy,
    "approval": ApprovalPolicy,
    "override": OverridePolicy,
    "stock": StockPolicy,
    "exclusions": ExclusionsPolicy,
    "wording": WordingPolicy,
    "messages": MessagesPolicy,
    "required_fields": RequiredFieldsPolicy,
    "issue_types": IssueTypesPolicy,
    "retention": RetentionPolicy,
    "shop_verification": ShopVerificationPolicy,
    SETUP_MAP: SetupMapPolicy,
}
"""Every document that a tenant can publish. The map of setting up is versioned like the policies."""

POLICIES = tuple(name for name in MODELS if name != SETUP_MAP)
