"""Bodies for tests: each spells out only what its test is about."""

from typing import Any

Body = dict[str, Any]


def a_sale(
    reference: str,
    *serials: str,
    product: str = "TV-55",
    namespace: str = "till",
    **more: Any,
) -> Body:
    """A sale of one line: a unit for each serial, or one without."""
    line: Body = {"line": "1", "product": {"code": product}, "quantity": max(1, len(serials))}
    sale = {
        "order": {"namespace": namespace, "reference": reference},
        "sold_at": "2026-01-31T18:30:00+03:00",
        "zone": "Europe/Istanbul",
        "lines": [line | ({"serials": list(serials)} if serials else {})],
    }
    return {"sale": sale | more}


def a_registration(reference: str, serial: str | None = None, **more: Any) -> Body:
    """An owner registers a unit."""
    told = {
        "reference": reference,
        "registered_at": "2026-02-02T09:00:00Z",
        "zone": "Europe/Istanbul",
    }
    return {"registration": told | ({"serial": serial} if serial else {}) | more}
