"""Tills: what they export as files, and what they post."""

from connectors.pos import export, meaning, push
from connectors.pos.settings import FIELDS, Settings, configure
from connectors.sdk import Connector, File, Push, webhooks

PARTS = ("branch", "till", "date", "number")
LINE = ("line", "quantity", "serial", "serials.*", "price", "months", "covered_until")
TICKET = ("type", "order", "original", "at", "zone", "currency", "lines", *PARTS)
PERSONAL = frozenset({"seller", "customer_name", "customer_email", "customer_phone"})

SHOWN = frozenset(
    {
        *TICKET,
        *(f"original.{name}" for name in PARTS),
        *(f"lines.*.{name}" for name in LINE),
        *(f"lines.*.product.{name}" for name in ("code", "brand", "name")),
        "rows.*.line",
        *(f"rows.*.cells.{name}" for name in FIELDS if name not in PERSONAL),
        "rows.*.cells.serials.*",
    }
)
"""Of a ticket and of a record of an export; a cell under a vendor's own column name is hidden."""

CONNECTOR: Connector[Settings] = Connector(
    name="pos",
    revision=1,
    configure=configure,
    translate=meaning.translate,
    push=Push(webhooks.verify, push.split, webhooks.new_secret),
    file=File(export.records, export.translate),
    shown=SHOWN,
)
