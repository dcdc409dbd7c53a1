"""By which policy a period was decided, kept beside what it decided."""

from datetime import date, datetime

import msgspec

from schemas.events.parts import Extension, RuledBy


class Longer(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The period that an owner's registration extends a sold one to, from the same day on."""

    months: int
    type: str
    ends_on: date


class Ruling(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """By which version of which policy a period was decided: what went in, and what came out."""

    policy: str
    version: int
    at: datetime
    """The moment at which it was asked what is in force."""
    product: str | None
    """Its code, where it has one."""
    rule: str
    """The part of the document that fitted."""
    months: int
    type: str
    ends_on: date
    event: str
    """The report that left the period to the policy."""
    line: str
    extended: Longer | None = None
    """What its owner gets by registering; None where the policy has nothing longer."""
    catalogue: tuple[tuple[str, int], ...] = ()
    """What was looked at of the product and its category, and which version of each."""

    def fact(self) -> RuledBy:
        """As the world is told."""
        return RuledBy.model_construct(
            policy=self.policy,
            version=self.version,
            at=self.at,
            product=self.product,
            rule=self.rule,
            months=self.months,
            type=self.type,
            ends_on=self.ends_on,
            extended=_told(self.extended),
            catalogue=dict(self.catalogue) or None,
        )


def _told(longer: Longer | None) -> Extension | None:
    if longer is None:
        return None
    return Extension.model_construct(months=longer.months, type=longer.type, ends_on=longer.ends_on)


def ruling_of(told: RuledBy | None, event: str, line: str) -> Ruling | None:
    """The ruling that a letter tells of, as a home of the unit keeps it."""
    if told is None:
        return None
    more = told.extended
    return Ruling(
        told.policy,
        told.version,
        told.at,
        told.product,
        told.rule,
        told.months,
        told.type,
        told.ends_on,
        event,
        line,
        Longer(more.months, more.type, more.ends_on) if more else None,
        tuple((told.catalogue or {}).items()),
    )
