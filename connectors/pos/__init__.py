"""Tills: what they export as files, and what they post."""

from connectors.pos import export, meaning, push
from connectors.pos.settings import Settings, configure
from connectors.sdk import Connector, File, Push, webhooks

SHOWN = frozenset(
    {
        "type",
        "branch",
        "till",
        "date",
        "number",
        "order",
        "original",
        "original_order",
        "at",
        "sold_at",
        "zone",
        "currency",
        "lines",
        "line",
        "code",
        "brand",
        "product_code",
        "product_brand",
        "product_name",
        "quantity",
        "serial",
        "serials",
        "price",
        "months",
        "covered_until",
    }
)
"""`name` is a product's or a buyer's, so neither is shown."""

CONNECTOR: Connector[Settings] = Connector(
    name="pos",
    revision=1,
    configure=configure,
    translate=meaning.translate,
    push=Push(webhooks.verify, push.split, webhooks.new_secret),
    file=File(export.records, export.translate),
    shown=SHOWN,
)
