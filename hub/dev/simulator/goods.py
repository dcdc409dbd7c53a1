"""What the two merchants sell, and where."""

from dataclasses import dataclass

from schemas.events.parts import Product


@dataclass(frozen=True, slots=True)
class Good:
    """`price` is in minor units."""

    code: str
    name: str
    price: int
    months: int | None = None
    """Where it differs from the merchant's default."""
    has_serial: bool = True

    @property
    def product(self) -> Product:
        return Product(code=self.code, name=self.name)


@dataclass(frozen=True, slots=True)
class Merchant:
    tenant: str
    zone: str
    currency: str
    coverage_months: int
    branches: tuple[str, ...]
    goods: tuple[Good, ...]


MERCHANTS = (
    Merchant(
        tenant="voltage",
        zone="Europe/Istanbul",
        currency="TRY",
        coverage_months=24,
        branches=("Harbour Street", "Old Market", "Airport", "Online"),
        goods=(
            Good("TV-55Q", "Television 55 inch QLED", 3_249_900, 36),
            Good("NB-14P", "Notebook 14 inch, 16 GB", 4_199_000),
            Good("PH-X6", "Smartphone X6, 256 GB", 2_799_900),
            Good("HP-ANC", "Headphones, noise cancelling", 459_900),
            Good("TB-11", "Tablet 11 inch", 1_349_900),
            Good("CB-USBC", "Charging cable USB-C, 2 m", 24_900, 12, has_serial=False),
            Good("PB-20K", "Power bank 20,000 mAh", 89_900, has_serial=False),
        ),
    ),
    Merchant(
        tenant="homestead",
        zone="Europe/Berlin",
        currency="EUR",
        coverage_months=24,
        branches=("Station Square", "Riverside", "Ring Road"),
        goods=(
            Good("WM-9", "Washing machine 9 kg", 64_900, 60),
            Good("DW-60", "Dishwasher 60 cm", 57_900, 60),
            Good("FR-350", "Fridge-freezer 350 l", 79_900),
            Good("VC-CL", "Vacuum cleaner, cordless", 29_900),
            Good("CM-15", "Coffee machine 15 bar", 38_900),
            Good("KT-17", "Kettle 1.7 l", 3_490, has_serial=False),
            Good("TS-2", "Toaster, two slots", 2_990, has_serial=False),
        ),
    ),
)
