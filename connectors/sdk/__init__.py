"""All that a connector may import beside the contract: its value, its records, its readers."""

from connectors.sdk.connector import (
    Connector,
    Fault,
    Origin,
    RawRecord,
    SettingsError,
    Translated,
    UntranslatableError,
    untranslatable,
)

__all__ = [
    "Connector",
    "Fault",
    "Origin",
    "RawRecord",
    "SettingsError",
    "Translated",
    "UntranslatableError",
    "untranslatable",
]
