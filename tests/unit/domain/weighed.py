"""Claims, policies and rules for claims that are weighed; a test says only what it is about."""

import json
from datetime import date
from typing import Any

from hub.domain.claims.weighing import Inputs, Policies
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.stock import StockPolicy

DAY = date(2026, 3, 1)


def a_claim(**told: Any) -> Inputs:
    """A claim that has everything; a test says only what it is about."""
    whole: dict[str, Any] = {
        "issue": "broken",
        "cover": "covered",
        "owned": "owner",
        "incident_on": DAY,
        "asked_on": DAY,
        "product": "drill",
        "invoice": "accepted",
        "photos": 2,
        "serial": True,
        "description": True,
        "movement": "matches",
    }
    return Inputs(**(whole | told))


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
    follows: dict[str, dict[str, Any]] = {
        "approve": {"resolutions": ["repair"]},
        "deny": {"reason": "other"},
    }
    return {"code": code, "when": when, "then": then} | follows.get(then, {})


def requiring(*proofs: str, **rest: Any) -> dict[str, Any]:
    return {"default": {"required": list(proofs)} | rest}


def ruling(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"rules": list(rules)}
