"""Policies as a merchant would write them; a test changes only what it is about."""

from typing import Any

TEXT = {"en": "Drops and water are not covered.", "de": "Stürze und Wasser sind nicht gedeckt."}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "coverage": {
        "default": {"standard": {"months": 24, "type": "repair"}},
        "by_product": {
            "drill": {
                "standard": {"months": 36, "type": "full_replacement"},
                "extended": {"months": 60, "type": "limited"},
                "transferable": True,
            }
        },
    },
    "serial_rules": {"rules": [{"pattern": "[A-Z]{2}[0-9]+"}]},
    "evidence": {"default": {"required": ["pos_invoice", "photos"], "expires_days": 30}},
    "claim_rules": {
        "rules": [
            {"code": "old", "when": {"cover": ["expired"]}, "then": "deny", "reason": "expired"},
            {
                "code": "small",
                "when": {
                    "cover": ["covered"],
                    "owned": ["owner"],
                    "evidence_complete": True,
                    "value_up_to": {"amount": 5000, "currency": "EUR"},
                },
                "then": "approve",
                "resolutions": ["replacement"],
            },
        ]
    },
    "approval": {
        "limits": [
            {"role": "warranty_manager", "up_to": {"amount": 20000, "currency": "EUR"}},
            {"role": "owner", "up_to": {"amount": 500000, "currency": "EUR"}},
        ],
        "four_eyes_above": [{"amount": 100000, "currency": "EUR"}],
    },
    "override": {
        "roles": ["warranty_manager"],
        "count_per_month": 3,
        "amount_per_month": {"amount": 30000, "currency": "EUR"},
    },
    "stock": {"missing": {"action": "flag"}, "different": {"action": "block"}},
    "exclusions": {
        "exclusions": [{"code": "drops", "text": TEXT}],
        "expected_times": [
            {"code": "repair", "at_least": 5, "at_most": 15, "text": {"en": "A repair"}}
        ],
    },
    "wording": {"statuses": {"covered": {"text": {"en": "Covered until {ends_on}."}}}},
    "messages": {
        "sender": "The Shop",
        "messages": {
            "warranty.activated.v1": {
                "subject": {"en": "Your {{ product }}"},
                "text": {
                    "en": "It is covered until {{ ends_on }}.",
                    "de": "Gedeckt bis {{ ends_on }}.",
                },
            }
        },
    },
    "required_fields": {"registration": ["serial"], "claim": ["description"]},
    "issue_types": {
        "types": [
            {"code": "power", "text": {"en": "Power"}},
            {"code": "power.battery", "text": {"en": "Battery"}, "parent": "power"},
        ]
    },
    "retention": {"contacts": 730, "requests": 30},
    "shop_verification": {"source": "webshop", "applies_to": "unsold"},
}


def an_area(owner: str = "owner", backup: str = "system_admin") -> dict[str, str]:
    return {
        "owner": owner,
        "backup": backup,
        "reviewer": "owner",
        "rule": "Checked before the customer is answered.",
        "evidence": "The invoice.",
        "approving_role": "warranty_manager",
        "report": "Open claims, weekly.",
        "exception_note": "Write what differs and since when.",
    }


def a_map(**areas: Any) -> dict[str, Any]:
    whole = {
        "cost_posting": an_area("owner", "finance_user"),
        "stock_movement": an_area("warranty_manager", "owner"),
        "pos_invoice": an_area("finance_user", "owner"),
        "portal_status": an_area("sales_staff", "owner"),
        "report_filter": an_area("system_admin", "owner"),
        "system_link": an_area("system_admin", "owner"),
    }
    return {name: area for name, area in {**whole, **areas}.items() if area is not None}
