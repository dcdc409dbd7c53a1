"""Tills: what they export as files, and what they post."""

from connectors.pos.export import records, translate
from connectors.pos.settings import Settings, configure
from connectors.sdk import Connector, File

CONNECTOR: Connector[Settings] = Connector(
    name="pos",
    revision=1,
    configure=configure,
    file=File(records, translate),
)
