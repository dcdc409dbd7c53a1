"""A merchant's catalogue as its own system exports it: products, categories, movements of stock."""

from connectors.catalogue import rows
from connectors.catalogue.settings import FIELDS, Settings
from connectors.sdk import Connector, File
from connectors.sdk.settings import configured

CONNECTOR: Connector[Settings] = Connector(
    name="catalogue",
    revision=1,
    configure=lambda document: configured(Settings, document),
    file=File(rows.records, rows.translate),
    shown=frozenset(name for fields in FIELDS.values() for name in fields),
)
