"""The tills' connector as a whole: samples of what tills send, and the rules every connector keeps."""

import json
from datetime import datetime

import pytest

from connectors.pos import CONNECTOR
from connectors.sdk import webhooks
from connectors.sdk.conformance import RULES, Rule, Samples, shows_nothing_personal
from hub.audit.redaction import redacted
from tests.unit.connectors.tickets import a_line, a_return, a_ticket

BUYER = {"name": "Zeynep Kaya", "email": "zeynep@example.org", "phone": "+90 555 010 20 30"}
SALE = a_ticket(
    a_line(price="32499.90", months=24, product={"code": "TV-55", "name": "TV 55"}),
    seller="Mert Demir",
    customer=BUYER,
)
EXPORT = (
    "order;sold_at;type;original_order;product_code;quantity;serials;seller;customer_name\n"
    "R-1;31.01.2026 10:15;sale;;TV-55;1;00012345;Mert Demir;Zeynep Kaya\n"
    "R-1;31.01.2026 10:15;sale;;SB-20;1;00045601;Mert Demir;Zeynep Kaya\n"
    "I-2;02.02.2026 09:30;return;R-1;TV-55;1;00012345;;\n"
)
LINES = (
    '{"order": "R-1", "sold_at": "2026-01-31T10:15", "serials": ["1"], "price": 12.5}\n'
    '{"order": "R-2", "sold_at": "2026-01-31T10:16", "product_code": "TV", "quantity": -1}\n'
)


def sign(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    return webhooks.sign(secret, "msg_1", at, body)


SAMPLES = Samples(
    settings={"zone": "Europe/Istanbul", "currency": "TRY", "order_parts": ["branch", "number"]},
    wrong_settings=(
        {},
        {"zone": "Atlantis/City"},
        {"zone": "UTC", "order_parts": []},
        {"zone": "UTC", "order_parts": ["colour"]},
        {"zone": "UTC", "columns": {"colour": "C"}},
    ),
    bodies=(
        json.dumps(SALE).encode(),
        json.dumps([SALE, a_return(), {"type": "heartbeat"}], indent=2).encode(),
        json.dumps({"tickets": [SALE, SALE]}, ensure_ascii=False).encode(),
    ),
    sign=sign,
    files=(EXPORT.encode(), EXPORT.encode("utf-16"), LINES.encode()),
    personal=(*BUYER.values(), "Mert Demir"),
)


@pytest.mark.parametrize(
    "rule", [*RULES, shows_nothing_personal(redacted)], ids=lambda rule: rule.__name__
)
def test_keeps_to(rule: Rule) -> None:
    assert list(rule(CONNECTOR, SAMPLES)) == []
