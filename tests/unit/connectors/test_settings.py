"""What a source was told wrong is said as what to tell it."""

import pytest
from pydantic import BaseModel, ConfigDict

from connectors.sdk import SettingsError
from connectors.sdk.settings import configured
from schemas.base import Name
from schemas.events.parts import Zone


class Told(BaseModel):
    model_config = ConfigDict(extra="forbid")

    shop: Name
    zone: Zone


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "shop: missing; give --option shop=…; zone: missing; give --option zone=…"),
        (
            {"shop": "s", "zone": "UTC", "colour": "red"},
            "colour: there is no such setting; there are shop, zone",
        ),
        (
            {"shop": "s", "zone": "Mars"},
            "zone: unknown time zone 'Mars'; use an IANA name such as Europe/Istanbul",
        ),
    ],
)
def test_says_what_to_tell(document: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        configured(Told, document)

    assert str(refused.value) == said


def test_makes_settings_of_what_is_right() -> None:
    assert configured(Told, {"shop": "s", "zone": "UTC"}) == Told(shop="s", zone="UTC")
