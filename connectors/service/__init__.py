"""What a service centre exports: claims at its counter, and what became of repairs and other effects."""

from connectors.sdk import Connector, File
from connectors.sdk.settings import configured
from connectors.service import rows
from connectors.service.settings import FIELDS, PERSONAL, Settings

CONNECTOR: Connector[Settings] = Connector(
    name="service",
    revision=1,
    configure=lambda document: configured(Settings, document),
    file=File(rows.records, rows.translate),
    shown=frozenset(name for fields in FIELDS.values() for name in fields) - PERSONAL,
)
