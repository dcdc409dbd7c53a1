"""A small model of who owns which unit for how long, written apart from the hub's own rules.

It knows one till, one product and serials in one spelling; whatever happens is settled before the
next thing does. It tells units as facts: sold by whom, registered by whom, handed on, come back.
"""

from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True, eq=False)
class Thing:
    """A unit."""

    home: str
    serial: str | None
    sold: tuple[str, date] | None = None
    registered: tuple[str, date] | None = None
    hands: list[tuple[date, str, str]] = field(default_factory=list)
    back: date | None = None
    again: bool = False
    """Its serial was sold before and came back."""

    @property
    def starts_on(self) -> date:
        told = self.sold or self.registered
        assert told is not None
        return told[1]

    @property
    def ends_on(self) -> date:
        """Twelve months, and twenty-four for an owner who registers; no day here is beyond the 28th."""
        years = 2 if self.registered else 1
        return self.starts_on.replace(year=self.starts_on.year + years)

    @property
    def owner(self) -> str | None:
        if self.hands:
            return max(self.hands)[2]
        return self.registered[0] if self.registered else None

    def may_be_registered(self, who: str, day: date) -> bool:
        """By its first owner, or by whoever it was handed to."""
        before = self.again and day < self.starts_on
        return not before and not self.registered and self.owner in (None, who)

    @property
    def told(self) -> tuple[object, ...]:
        """What the hub has to say of it, too."""
        status = "ended" if self.back else "covered"
        return (self.serial, status, self.starts_on, self.ends_on, self.back, self.owner)


@dataclass(slots=True)
class Model:
    """All units there are, and what was told before. Each telling says whether it was taken."""

    things: list[Thing] = field(default_factory=list)
    orders: dict[str, tuple[date, tuple[str | None, ...]]] = field(default_factory=dict)
    holders: dict[str, Thing] = field(default_factory=dict)
    took: dict[tuple[str, str], Thing] = field(default_factory=dict)
    early: dict[str, list[tuple[str, str | None, date]]] = field(default_factory=dict)
    merged: list[Thing] = field(default_factory=list)
    """Those that another one stands for, while the order lasts that says so."""
    seen: dict[tuple[str, str], bool] = field(default_factory=dict)

    def once(self, home: str, event: str, *, taken: bool) -> bool:
        self.seen[home, event] = taken
        return taken

    def live(self, serial: str | None) -> Thing | None:
        holder = self.holders.get(serial or "")
        return holder if holder and not holder.back else None

    def sale(self, event: str, order: str, day: date, serials: tuple[str | None, ...]) -> bool:
        if (order, event) in self.seen:
            return self.seen[order, event]
        if order in self.orders:
            same = self.orders[order] == (day, serials)
            return self.once(order, event, taken=same)
        if any(holder.sold for one in serials if (holder := self.live(one))):
            return self.once(order, event, taken=False)
        self.orders[order] = (day, serials)
        for serial in serials:
            thing = self.live(serial) or self._new(order, serial)
            thing.sold = (order, day)
        for returned in self.early.pop(order, []):
            self.once(order, returned[0], taken=self._bring_back(order, *returned[1:]))
        return self.once(order, event, taken=True)

    def _new(self, home: str, serial: str | None) -> Thing:
        thing = Thing(home, serial)
        self.things.append(thing)
        if serial:
            thing.again = serial in self.holders
            self.holders[serial] = thing
        return thing

    def registration(self, event: str, reference: str, serial: str, who: str, day: date) -> bool:
        holder = self.took.get((reference, serial)) or self.holders.get(serial)
        home = holder.home if holder else f"serial {serial}"
        if (home, event) in self.seen:
            return self.seen[home, event]
        if (reference, serial) in self.took:
            return self.once(home, event, taken=True)
        if holder is None:
            holder = self._new(home, serial)
        elif who == holder.owner and holder.registered:
            return self.once(home, event, taken=True)
        elif holder.back or not holder.may_be_registered(who, day):
            return self.once(home, event, taken=False)
        holder.registered = (who, day)
        self.took[reference, serial] = holder
        return self.once(home, event, taken=True)

    def coming_back(self, event: str, order: str, serial: str | None, day: date) -> bool:
        if (order, event) in self.seen:
            return self.seen[order, event]
        if order in self.orders:
            return self.once(order, event, taken=self._bring_back(order, serial, day))
        waiting = self.early.setdefault(order, [])
        if all(one[0] != event for one in waiting):
            waiting.append((event, serial, day))
        return True

    def _bring_back(self, order: str, serial: str | None, day: date) -> bool:
        mine = [one for one in self.things if one.sold and one.sold[0] == order]
        meant = [one for one in mine if serial in (None, one.serial) and not one.back]
        for one in meant:
            one.back = max(day, one.starts_on)
        return bool(meant)

    def deletion(self, event: str, order: str) -> bool:
        if (order, event) in self.seen:
            return self.seen[order, event]
        ever = any(home == order and taken for (home, _), taken in self.seen.items())
        if order not in self.orders:
            return self.once(order, event, taken=ever)
        del self.orders[order]
        for one in [one for one in self.merged if one.home == order]:
            self.merged.remove(one)
            one.serial = None
        for one in [one for one in self.things if one.sold and one.sold[0] == order]:
            one.sold = None
            if not one.registered:
                self._drop(one)
        return self.once(order, event, taken=True)

    def _drop(self, thing: Thing) -> None:
        self.things.remove(thing)
        if thing.serial and self.holders.get(thing.serial) is thing:
            if thing.back:
                return
            del self.holders[thing.serial]

    def serial(self, event: str, thing: Thing, serial: str) -> bool:
        if (thing.home, event) in self.seen:
            return self.seen[thing.home, event]
        gone = thing not in self.things
        if thing.serial is not None or thing.back or gone:
            return self.once(thing.home, event, taken=thing.serial == serial)
        other = self.live(serial)
        if other is None:
            thing.again, thing.serial = serial in self.holders, serial
            self.holders[serial] = thing
            return self.once(thing.home, event, taken=True)
        if other.sold or other.home == thing.home or thing.registered:
            return self.once(thing.home, event, taken=False)
        other.sold = thing.sold
        self.things.remove(thing)
        self.merged.append(thing)
        thing.serial = serial
        return self.once(thing.home, event, taken=True)

    def transfer(self, event: str, thing: Thing, reference: str, to: str, day: date) -> bool:
        if (thing.home, event) in self.seen:
            return self.seen[thing.home, event]
        if thing not in self.things or thing.back or day < thing.starts_on:
            return self.once(thing.home, event, taken=False)
        past = [one for one in thing.hands if one[0] < day]
        first = thing.registered[0] if thing.registered else None
        if (max(past)[2] if past else first) != to:
            thing.hands.append((day, reference, to))
        return self.once(thing.home, event, taken=True)
