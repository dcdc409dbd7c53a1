"""The tills' connector as a whole, and samples of what tills send."""

import json
from datetime import datetime
from typing import Any

import pytest

from connectors.pos import CONNECTOR
from connectors.sdk import webhooks
from connectors.sdk.conformance import Samples
from hub.audit.redaction import HIDDEN, redacted
from hub.registry import connector
from tests.unit.connectors.tickets import a_line, a_return, a_ticket

BUYER = {"name": "Zeynep Kaya", "email": "zeynep@example.org", "phone": "+90 555 010 20 30"}
CITIZEN = "12345678901"
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


def test_shows_what_was_sold_and_not_to_whom_or_by_whom() -> None:
    ticket = SALE | {"number": 117}

    assert json.loads(redacted(ticket, CONNECTOR.shown)) == {
        "branch": "B1",
        "till": "T2",
        "number": 117,
        "date": "2026-01-31",
        "at": "2026-01-31T10:15:00+03:00",
        "lines": [
            {
                "product": {"code": "TV-55", "name": "TV 55"},
                "serials": ["00012345"],
                "price": "32499.90",
                "months": 24,
            }
        ],
        "seller": HIDDEN,
        "customer": HIDDEN,
    }


@pytest.mark.parametrize(
    "stray",
    [
        {"customer": {"number": CITIZEN, "phone": {"number": CITIZEN}, "type": CITIZEN}},
        {"customer": {"address": {"line": CITIZEN, "code": CITIZEN, "branch": 34000}}},
        {"customer": [{"number": CITIZEN}], "seller": {"code": CITIZEN}},
        {"order": {"number": CITIZEN}, "original": {"number": {"code": CITIZEN}}},
        {"date": [CITIZEN], "type": {"type": CITIZEN}, "serials": [CITIZEN], "code": CITIZEN},
        {"lines": [{"order": CITIZEN, "product": {"serials": [CITIZEN]}, "serials": [[CITIZEN]]}]},
        {"lines": {"line": CITIZEN, "*": CITIZEN, "product": {"code": CITIZEN}}},
        {"rows": [{"cells": {"number": CITIZEN, "code": CITIZEN, "order": {"code": CITIZEN}}}]},
    ],
)
def test_shows_no_number_line_or_code_of_a_person(stray: dict[str, Any]) -> None:
    assert CITIZEN not in redacted(SALE | stray, CONNECTOR.shown).decode()


def test_shows_of_an_export_the_cells_that_are_read_as_goods() -> None:
    cells = {"order": "R-1", "serials": ["00012345"], "seller": CITIZEN, "number": CITIZEN}
    row = {"line": 2, "cells": cells, "fault": ["x", CITIZEN]}

    assert json.loads(redacted({"rows": [row]}, CONNECTOR.shown)) == {
        "rows": [
            {
                "line": 2,
                "cells": {
                    "order": "R-1",
                    "serials": ["00012345"],
                    "seller": HIDDEN,
                    "number": HIDDEN,
                },
                "fault": HIDDEN,
            }
        ]
    }


def test_is_found_by_its_name_and_gives_its_tills_secrets_of_their_own() -> None:
    assert connector("pos") is CONNECTOR
    assert CONNECTOR.push is not None
    assert CONNECTOR.push.new_secret() != CONNECTOR.push.new_secret()
