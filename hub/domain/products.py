"""Which product a line means: by the merchant's code, else by brand and name."""

from typing import Literal

import msgspec

from hub.domain.errors import reject


class Goods(msgspec.Struct, frozen=True, gc=False):
    """A product as a line names it, or as the catalogue knows it. Blank is absent."""

    code: str | None = None
    brand: str | None = None
    name: str | None = None


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What the catalogue is asked: who has this code, else who has this brand and name."""

    by: Literal["code", "name"]
    value: str


class Identified(msgspec.Struct, frozen=True, gc=False):
    """The product that is meant."""

    goods: Goods
    is_new: bool
    """Nobody has it yet: it is made, with what the merchant gives to every new product."""
    differs: tuple[Literal["brand", "name"], ...] = ()
    """What the line says otherwise than the catalogue, which stays as it is."""


def ask_for(goods: Goods) -> Asked:
    """How a line's product is looked up: the code wins over brand and name.

    Raises:
        RejectedError: it names no product.

    """
    if goods.code:
        return Asked("code", goods.code)
    if goods.brand and goods.name:
        return Asked("name", name_key(goods.brand, goods.name))
    missing = "name" if goods.brand else "brand" if goods.name else None
    what = f"the {missing} is missing beside the other" if missing else "no product is named"
    raise reject("product_unknown", f"{what}; send the productCode, or brand and name")


def identify(goods: Goods, found: Goods | None, made: str | None = None) -> Identified:
    """The product of a line, once the catalogue was asked.

    `made` is the code of a product that is made for this line alone, whoever has the same brand and
    name: for merchants that want each such sale to make a product.

    Raises:
        RejectedError: it names no product, or a code that nobody has and no name for it.

    """
    asked = ask_for(goods)
    if asked.by == "name" and made is not None:
        return Identified(Goods(made, goods.brand, goods.name), is_new=True)
    if found is not None:
        return Identified(found, is_new=False, differs=differing(goods, found))
    if asked.by == "code" and not goods.name:
        raise reject(
            "product_name_missing",
            "no product has this code, and without a name none can be made; send its name, or "
            "correct the code",
        )
    return Identified(goods, is_new=True)


def name_key(brand: str, name: str) -> str:
    """What two spellings of one brand and name share; a `/` of the brand's own keeps them apart."""
    return f"{_alike(brand).replace('/', '//')}/{_alike(name)}"


def _alike(text: str) -> str:
    return " ".join(text.split()).casefold()


def differing(goods: Goods, found: Goods) -> tuple[Literal["brand", "name"], ...]:
    """What a line says otherwise than the catalogue; case and blanks do not count."""
    pairs: tuple[tuple[Literal["brand", "name"], str | None, str | None], ...] = (
        ("brand", goods.brand, found.brand),
        ("name", goods.name, found.name),
    )
    return tuple(
        what
        for what, told, kept in pairs
        if told and told != kept and _alike(told) != _alike(kept or "")
    )
