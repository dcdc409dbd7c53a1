"""The catalog: what a merchant lays down and everything else is decided by, one file a noun."""

from collections.abc import Iterable

from hub.domain.errors import RejectedError, reject
from hub.domain.products import Goods, name_key
from hub.processors.catalog import category, policy, product, promising, stock, tenant
from hub.processors.catalog.state import (
    CATEGORIES,
    HEAD,
    MOVEMENTS,
    POLICIES,
    PRODUCTS,
    Shelf,
    assemble,
    take_apart,
)
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Ask, AskTenant, Event, Known
from hub.sdk.processor import Processor
from schemas.base import Fact
from schemas.events.claim import StockPromised, StockReleased, StockSeen, StockShort, StockWanted
from schemas.events.policy import CatalogRefused, GoLiveRequested, PolicyPublished
from schemas.events.product import (
    CategoryDescribed,
    ProductDescribed,
    ProductNamed,
    StockMoved,
)
from schemas.refs import category_home, home, movement_home, product_home
from schemas.topics import CATALOG_INTAKE, CATALOG_STATUS, WARRANTY_INTAKE


def needs(event: Event, known: Known) -> Iterable[Ask]:
    """The merchant, what it has laid down, who has a name that a sale gave a product, and who waits for stock."""
    del known
    asks: Iterable[Ask] = ()
    match event.fact:
        case GoLiveRequested():
            asks = tenant.needs(event)
        case ProductNamed(code=None, brand=str(brand), name=name):
            asks = (product.ask_named(event.tenant, name_key(brand, name)),)
        case StockMoved() as fact:
            asks = stock.needs(event, fact)
        case StockWanted() as fact:
            asks = promising.needs(event, fact)
        case _:
            pass
    return [AskTenant(event.tenant), *asks]


def place(event: Event, known: Known) -> str:
    """The home of an event."""
    del known
    match event.fact:
        case PolicyPublished() as fact:
            return policy.policy_home(event.tenant, fact.name)
        case GoLiveRequested():
            return tenant.tenant_home(event.tenant)
        case _:
            return _place_told(event) or home(event.tenant, "unknown", event.subject or "")


def _place_told(event: Event) -> str | None:
    match event.fact:
        case ProductDescribed() as fact:
            return product_home(event.tenant, fact.code)
        case ProductNamed() as fact:
            return product.home_of_goods(event.tenant, Goods(fact.code, fact.brand, fact.name))
        case CategoryDescribed() as fact:
            return category_home(event.tenant, fact.code)
        case StockMoved() as fact:
            return movement_home(event.tenant, event.connector, fact.reference)
        case StockWanted() | StockReleased() as fact:
            return product_home(event.tenant, fact.product)
        case _:
            return None


def decide(shelf: Shelf, event: Event, known: Known) -> Decision[Shelf]:
    """What an event of this home leads to."""
    if known.tenant(event.tenant) is None:
        raise reject("unknown_tenant", f"there is no tenant {event.tenant!r}; set it up first")
    match event.fact:
        case PolicyPublished() as fact:
            return policy.publish(shelf, event, fact)
        case GoLiveRequested() as fact:
            return tenant.go_live(shelf, event, fact, known)
        case _:
            return _decide_told(shelf, event, known)


def _decide_told(shelf: Shelf, event: Event, known: Known) -> Decision[Shelf]:
    match event.fact:
        case ProductDescribed() as fact:
            return product.describe(shelf, event, fact)
        case ProductNamed() as fact:
            return product.name(shelf, event, fact, known)
        case CategoryDescribed() as fact:
            return category.describe(shelf, event, fact)
        case StockMoved() as fact:
            return stock.move(shelf, event, fact, known)
        case StockWanted() as fact:
            return promising.promise(shelf, event, fact, known)
        case StockReleased() as fact:
            return promising.release(shelf, fact)
        case _:
            raise TypeError(f"{event.type} is nothing this processor consumes")


def refuse(event: Event, error: RejectedError) -> Said:
    """The fact that tells the world of a refusal."""
    fact = event.fact
    said = CatalogRefused.model_construct(
        event=event.id,
        event_type=event.type,
        connector=event.connector,
        reasons=error.reasons,
        name=_named(fact),
    )
    return Said(said, event.id)


def _named(fact: Fact) -> str | None:
    """What was spoken of: a policy by its name, all else by its code or reference."""
    match fact:
        case PolicyPublished() | ProductNamed():
            return fact.name
        case ProductDescribed() | CategoryDescribed():
            return fact.code
        case StockMoved():
            return fact.reference
        case _:
            return None


PROCESSOR = Processor(
    name="catalog",
    reads=CATALOG_INTAKE,
    writes=CATALOG_STATUS,
    consumes=(
        PolicyPublished,
        GoLiveRequested,
        ProductDescribed,
        ProductNamed,
        CategoryDescribed,
        StockMoved,
        StockWanted,
        StockReleased,
    ),
    # 2: products, categories and movements, of which older code would lose the rows.
    # 3: so are units that were promised to claims, and movements are found by their serials.
    code_version=3,
    head=HEAD,
    parts=(POLICIES, PRODUCTS, CATEGORIES, MOVEMENTS),
    needs=needs,
    place=place,
    assemble=assemble,
    take_apart=take_apart,
    decide=decide,
    refuse=refuse,
    names=frozenset({product.KIND, stock.MOVED}),
    letters={fact.TYPE: WARRANTY_INTAKE for fact in (StockSeen, StockPromised, StockShort)},
)
