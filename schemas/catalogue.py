"""Which facts stand on which topic, and how a type name finds its model."""

from schemas.base import Fact
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SaleLinked,
    SerialSold,
    UnitReturned,
)
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.events.warranty import (
    WarrantyActivated,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyLinked,
    WarrantyRefused,
)
from schemas.topics import WARRANTY_INTAKE, WARRANTY_STATUS, Topic

TOLD: tuple[type[Fact], ...] = (SaleRecorded, SaleReturned, RegistrationRequested)
"""What anyone with the ACL may publish."""

LETTERS: tuple[type[Fact], ...] = (
    SaleLinked,
    LinkAccepted,
    LinkRefused,
    UnitReturned,
    RegistrationLinked,
    RegistrationAccepted,
    RegistrationRefused,
    SerialSold,
)
"""What one home writes to another; they travel on the intake topic and are the hub's alone."""

DECIDED: tuple[type[Fact], ...] = (
    WarrantyActivated,
    WarrantyLinked,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyRefused,
)

FACTS: dict[Topic, tuple[type[Fact], ...]] = {
    WARRANTY_INTAKE: TOLD + LETTERS,
    WARRANTY_STATUS: DECIDED,
}

BY_TYPE: dict[str, type[Fact]] = {fact.TYPE: fact for facts in FACTS.values() for fact in facts}
