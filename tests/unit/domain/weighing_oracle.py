"""What a claim amounts to, worked out step by step on plain documents: it knows nothing of the rules' code."""

from datetime import date
from typing import Any

COVER = {
    "covered": None,
    "not_begun": "not_begun",
    "expired": "expired",
    "returned": "cover_ended",
    "ended": "cover_ended",
}


def there(proof: str, inputs: dict[str, Any], photos: int) -> bool:
    if proof == "pos_invoice":
        return bool(inputs["invoice"] == "accepted")
    if proof == "photos":
        return bool(inputs["photos"] >= photos)
    if proof == "incident_date":
        return isinstance(inputs["incident_on"], date)
    if proof == "stock_movement":
        return inputs["movement"] in {"matches", "different"}
    return bool(inputs[proof])


LISTED = {
    "cover": "cover",
    "owned": "owned",
    "issues": "issue",
    "products": "product",
    "categories": "category",
    "preferred": "preferred",
}


def fits(when: dict[str, Any], inputs: dict[str, Any], *, complete: bool) -> bool:
    faults = [
        name
        for name, field in LISTED.items()
        if inputs[field] not in when.get(name, [inputs[field]])
    ]
    if when.get("evidence_complete", complete) is not complete:
        faults.append("evidence_complete")
    if inputs["earlier"] < when.get("earlier_claims_at_least", 0):
        faults.append("earlier_claims_at_least")
    if inputs["days_covered"] > when.get("days_covered_up_to", 10**6):
        faults.append("days_covered_up_to")
    if "value_up_to" in when and not cheap(when["value_up_to"], inputs):
        faults.append("value_up_to")
    return not faults


def cheap(most: dict[str, Any], inputs: dict[str, Any]) -> bool:
    if inputs["value"] is None or inputs["currency"] != most["currency"]:
        return False
    return bool(inputs["value"] <= most["amount"])


def amounts_to(inputs: dict[str, Any], documents: dict[str, Any]) -> dict[str, Any]:
    """What is missing, blocked, flagged, and what follows by which rule."""
    evidence: dict[str, Any] = {
        "required": [],
        "photos": 1,
        "missing": "block",
        "expires_days": None,
    }
    if (policy := documents.get("evidence")) is not None:
        evidence |= policy.get("by_issue", {}).get(inputs["issue"], policy["default"])
    missing = [p for p in evidence["required"] if not there(p, inputs, evidence["photos"])]
    faults: list[tuple[str, str]] = []
    if missing:
        faults.append(("evidence_missing", evidence["missing"]))
    if (stock := documents.get("stock")) is not None and inputs["movement"] != "matches":
        faults.append((f"stock_{inputs['movement']}", stock[inputs["movement"]]["action"]))
    if COVER[inputs["cover"]]:
        faults.append((str(COVER[inputs["cover"]]), "block"))
    if inputs["owned"] in {"former_owner", "stranger"}:
        faults.append(("wrong_owner", "block"))
    blocked = [code for code, action in faults if action == "block"]
    flags = {code for code, action in faults if action == "flag"}
    if inputs["incident_on"] is None:
        flags.add("incident_assumed")
    found: dict[str, Any] | None = None
    if inputs["override"] and blocked:
        flags |= {f"overridden:{code}" for code in blocked}
        blocked = []
    else:
        for rule in (documents.get("claim_rules") or {"rules": []})["rules"]:
            approves = rule["then"] == "approve"
            if not (approves and (blocked or missing)) and fits(
                rule["when"], inputs, complete=not missing
            ):
                found = rule
                break
    then = found["then"] if found else "review"
    return {
        "missing": missing,
        "blocked": set(blocked),
        "flags": flags,
        "then": then,
        "rule": found["code"] if found else None,
        "staged": bool(blocked) and then != "deny",
        "expires_days": evidence["expires_days"],
    }
