"""Policies and rules for claims that are weighed; a test says only what it is about."""

import json
from typing import Any

from hub.domain.claims.weighing import Policies
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.stock import StockPolicy


def policies(**documents: Any) -> Policies:
    def read(model: Any, name: str) -> Any:
        document = documents.get(name)
        return None if document is None else (3, model.model_validate_json(json.dumps(document)))

    return Policies(
        read(EvidencePolicy, "evidence"),
        read(StockPolicy, "stock"),
        read(ClaimRulesPolicy, "claim_rules"),
    )


def a_rule(code: str = "r", then: str = "approve", **when: Any) -> dict[str, Any]:
    follows: dict[str, dict[str, Any]] = {"approve": {"resolutions": ["repair"]}, "deny": {"reason": "other"}}
    return {"code": code, "when": when, "then": then} | follows.get(then, {})
