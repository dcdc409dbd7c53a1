"""What a serial looks like, by the serial rules in force: of which product, or of none."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from hub.domain.policies.versions import policy_in_force
from hub.domain.serials import name_value, normalise
from hub.processors.catalog.state import ProductRow
from hub.processors.purchase.requirements import ask_rules
from hub.sdk.events import Event, Known, NameHolder
from schemas.events.parts import Product
from schemas.events.sale import SaleLine, SaleRecorded
from schemas.policies.serial_rules import SerialRulesPolicy

_read = lru_cache(maxsize=1024)(SerialRulesPolicy.model_validate_json)


def rules_at(event: Event, at: datetime, known: Known) -> SerialRulesPolicy | None:
    """The rules in force at a moment; None where there are none, or nobody asked for them."""
    versions = known.answers.get(ask_rules(event.tenant))
    found = policy_in_force(versions, at) if isinstance(versions, tuple) else None
    return None if found is None else _read(found.document)


class Look(NamedTuple):
    """A serial that somebody holds in his hands, whatever it is of."""

    event: Event
    serial: str
    at: datetime
    """When he did: the rules of that moment count."""
    known: Known

    def products(self) -> tuple[str, ...]:
        """The codes of the products that it looks like."""
        rules = rules_at(self.event, self.at, self.known)
        return () if rules is None else rules.products(self.serial)

    def product(self) -> Product | None:
        """The one product that it looks like; None where that is none, or several."""
        codes = self.products()
        return Product.model_construct(code=codes[0]) if len(codes) == 1 else None

    def of(self, holders: Sequence[NameHolder]) -> Sequence[NameHolder]:
        """Of several units with this serial, the one whose product it looks like; else all."""
        if len(holders) < 2:  # noqa: PLR2004 - nothing to choose from
            return holders
        norm = normalise(self.serial)
        values = {name_value(norm, code) for code in self.products()}
        like = [holder for holder in holders if holder.value in values]
        return like if len(like) == 1 else holders


def unlike(
    event: Event, sale: SaleRecorded, rows: Sequence[ProductRow | None], known: Known
) -> tuple[tuple[str, str], ...]:
    """Lines with a serial that its product's rule does not know; it was sold all the same."""
    if not known.answers.get(ask_rules(event.tenant)):
        return ()
    rules = rules_at(event, sale.sold_at, known)
    if rules is None:
        return ()
    lines = zip(sale.lines, rows, strict=True)
    return tuple(
        ("serial_unlike_rule", line.line) for line, row in lines if _is_unlike(rules, line, row)
    )


def _is_unlike(rules: SerialRulesPolicy, line: SaleLine, row: ProductRow | None) -> bool:
    if not line.serials:
        return False
    code = line.product.code or (row.code if row else None)
    rule = rules.rule(code, row.category if row else None)
    return rule is not None and not all(rule.fits(serial) for serial in line.serials)
