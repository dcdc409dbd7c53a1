"""What the two merchants sell, where, and how their tills write it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.events.parts import Product

TILLS = ("steady", "flaky", "twice")
"""The tills of each merchant by what is odd about them; they are numbered from 1."""
PARTNERS = ("app", "market", "webshop")
"""Who reports to the API for each merchant; also the names of their sources."""
WORKSHOP = "workshop"
"""The service centre, which files claims."""


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
class Export:
    """How the tills of a merchant write a file, and the words that they use."""

    columns: Mapping[str, tuple[str, ...]]
    """As in the settings of a source: which columns hold what."""
    sale: str
    returned: str
    delimiter: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Merchant:
    tenant: str
    zone: str
    currency: str
    coverage_months: int
    branches: tuple[str, ...]
    goods: tuple[Good, ...]
    namespace: str
    """Its order numbers, which its tills, web shop and back office share."""
    order_parts: tuple[str, ...]
    """What of a receipt makes its order number."""
    export: Export
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else the source of its tills is told."""

    @property
    def source_settings(self) -> dict[str, Any]:
        """What the hub must be told to understand its tills."""
        return {
            "zone": self.zone,
            "currency": self.currency,
            "namespace": self.namespace,
            "order_parts": list(self.order_parts),
            "columns": {name: list(columns) for name, columns in self.export.columns.items()},
            **self.told,
        }


VOLTAGE = Merchant(
    tenant="voltage",
    zone="Europe/Istanbul",
    currency="TRY",
    coverage_months=24,
    branches=("Kadikoy", "Old Market", "Airport", "Harbour Street"),
    goods=(
        Good("TV-55Q", "Television 55 inch QLED", 3_249_900, 36),
        Good("NB-14P", "Notebook 14 inch, 16 GB", 4_199_000),
        Good("PH-X6", "Smartphone X6, 256 GB", 2_799_900),
        Good("HP-ANC", "Headphones, noise cancelling", 459_900),
        Good("TB-11", "Tablet 11 inch", 1_349_900),
        Good("CB-USBC", "Charging cable USB-C, 2 m", 24_900, 12, has_serial=False),
        Good("PB-20K", "Power bank 20,000 mAh", 89_900, has_serial=False),
    ),
    namespace="till",
    order_parts=("number",),
    # The columns of deploy/examples/till-export.csv.
    export=Export(
        columns={
            "order": ("Fiş No",),
            "sold_at": ("Tarih", "Saat"),
            "type": ("İşlem",),
            "original_order": ("Asıl Fiş",),
            "product_code": ("Ürün Kodu",),
            "product_name": ("Ürün",),
            "quantity": ("Adet",),
            "serials": ("Seri No",),
            "price": ("Tutar",),
            "months": ("Garanti (ay)",),
            "branch": ("Şube",),
        },
        sale="SATIŞ",
        returned="İADE",
        delimiter=",",
        encoding="utf-8",
    ),
    told={"decimal": ",", "serial_separator": "/"},
)
HOMESTEAD = Merchant(
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
    namespace="homestead",
    # Its receipt numbers restart every day at every till.
    order_parts=("branch", "till", "date", "number"),
    export=Export(
        columns={
            "order": ("Filiale", "Kasse", "Datum", "Bon"),
            "sold_at": ("Datum", "Uhrzeit"),
            "type": ("Vorgang",),
            "original_order": ("Filiale", "Ur-Kasse", "Ur-Datum", "Ur-Bon"),
            "product_code": ("Artikel",),
            "product_name": ("Bezeichnung",),
            "quantity": ("Menge",),
            "serials": ("Seriennummer",),
            "price": ("Preis",),
            "months": ("Garantie (Monate)",),
            "branch": ("Filiale",),
            "till": ("Kasse",),
        },
        sale="Verkauf",
        returned="Rückgabe",
        delimiter=";",
        encoding="cp1252",
    ),
    told={"decimal": ",", "encoding": "cp1252", "delimiter": ";"},
)
MERCHANTS = (VOLTAGE, HOMESTEAD)
