"""What a merchant of the demo has laid down about claims, by the name of each policy."""

from collections.abc import Mapping
from typing import Any

from hub.dev.simulator.goods import VOLTAGE

ISSUES = ("broken", "broken.screen", "power", "power.battery", "sound")
"""What customers of the demo complain about."""
STRICT_ISSUE = "broken.screen"
"""Needs more than the others."""


def _money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": VOLTAGE.currency}


def _texts(en: str, tr: str) -> dict[str, str]:
    return {"en": en, "tr": tr}


_ISSUE_TYPES = {
    "types": [
        {"code": "broken", "text": _texts("It is broken", "Kırık")},
        {
            "code": "broken.screen",
            "parent": "broken",
            "text": _texts("The screen is broken", "Ekranı kırık"),
        },
        {"code": "power", "text": _texts("It does not start", "Açılmıyor")},
        {
            "code": "power.battery",
            "parent": "power",
            "text": _texts("The battery does not last", "Pili dayanmıyor"),
        },
        {"code": "sound", "text": _texts("The sound is bad", "Sesi kötü")},
    ]
}
_EVIDENCE = {
    "default": {
        "required": ["pos_invoice", "description"],
        "missing": "block",
        "expires_days": 30,
        "remind_days": 7,
    },
    "by_issue": {
        STRICT_ISSUE: {
            "required": ["pos_invoice", "incident_date", "description", "photos"],
            "photos": 1,
            "missing": "block",
            "expires_days": 14,
            "remind_days": 3,
        }
    },
}
_STOCK = {
    "missing": {"action": "flag", "note": "Ask the branch whether the unit was ever theirs."},
    "different": {"action": "block", "note": "The warehouse moved it elsewhere: find out why."},
}
_CLAIM_RULES = {
    "rules": [
        {
            "code": "after_its_cover",
            "when": {"cover": ["expired", "ended"]},
            "then": "deny",
            "reason": "expired",
        },
        {
            "code": "small_repair",
            "when": {
                "cover": ["covered"],
                "preferred": ["repair"],
                "value_up_to": _money(500_000),
                "evidence_complete": True,
            },
            "then": "approve",
            "resolutions": ["repair"],
        },
    ]
}
_APPROVAL = {
    "limits": [
        {"role": "warranty_manager", "up_to": _money(1_500_000)},
        {"role": "owner", "up_to": _money(10_000_000)},
        {"role": "finance_user", "up_to": _money(100_000)},
    ],
    "four_eyes_above": [_money(3_000_000)],
}
_OVERRIDE = {
    "roles": ["warranty_manager", "owner"],
    "count_per_month": 20,
    "amount_per_month": _money(10_000_000),
}
_EXCLUSIONS = {
    "exclusions": [
        {"code": "liquids", "text": _texts("Damage by liquids", "Sıvı teması hasarları")},
        {
            "code": "opened",
            "text": _texts(
                "Units that somebody else has opened", "Yetkisiz kişilerce açılmış ürünler"
            ),
        },
    ],
    "expected_times": [
        {
            "code": "review",
            "at_least": 1,
            "at_most": 3,
            "text": _texts("We look at a claim", "Başvurunun incelenmesi"),
        },
        {
            "code": "repair",
            "at_least": 5,
            "at_most": 15,
            "text": _texts("We repair a unit", "Ürünün onarımı"),
        },
    ],
}
_WORDING = {
    "statuses": {
        "staged": {
            "text": _texts(
                "We have your claim for {product}, and still need something from you.",
                "{product} için başvurunuzu aldık; sizden bir şey daha bekliyoruz.",
            )
        },
        "submitted": {
            "text": _texts(
                "Your claim for {product} is complete; {merchant} looks at it next.",
                "{product} için başvurunuz tamam; {merchant} onu inceleyecek.",
            )
        },
        "approved": {
            "text": _texts(
                "Good news: your claim for {product} is accepted.",
                "Güzel haber: {product} için başvurunuz kabul edildi.",
            )
        },
        "denied": {
            "text": _texts(
                "We cannot accept your claim for {product}.",
                "{product} için başvurunuzu kabul edemiyoruz.",
            ),
            "reasons": {
                "expired": _texts(
                    "The warranty of {product} was over on that day.",
                    "{product} garantisi o gün sona ermişti.",
                )
            },
        },
    }
}
POLICIES: Mapping[str, Mapping[str, Any]] = {
    "issue_types": _ISSUE_TYPES,
    "evidence": _EVIDENCE,
    "stock": _STOCK,
    "claim_rules": _CLAIM_RULES,
    "approval": _APPROVAL,
    "override": _OVERRIDE,
    "exclusions": _EXCLUSIONS,
    "wording": _WORDING,
}
WHY = "how the demo's merchant settles claims"
