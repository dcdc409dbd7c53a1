"""A serial that becomes known after a unit was sold: it names the unit, or finds who has it."""

from datetime import date

import msgspec
import pytest

from hub.domain.errors import UnavailableError
from hub.sdk.events import AskRow, Outcome
from schemas.events.warranty import WarrantySerialAttached
from tests.unit.by_hand import a_change, who
from tests.unit.story import (
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_return,
    a_sale,
    a_serial,
    rows_of,
)
from tests.unit.test_purchase_extension import A, extending


def sold(story: Story) -> str:
    story.given(a_sale())
    return story.units[0].id


def test_a_serial_attached_later_names_the_unit(story: Story) -> None:
    warranty = sold(story)
    story.given(a_serial(warranty, "sn - 1"), a_registration())

    attached = story.said[1]
    assert isinstance(attached, WarrantySerialAttached)
    assert (attached.warranty, attached.serial, attached.connector) == (warranty, "sn - 1", "depot")
    assert [(unit.serial, unit.customer) for unit in story.units] == [("sn - 1", "ada")]
    assert story.answers[1] == {
        "attached": {"warranty": warranty, "serial": "sn - 1", "status": "covered"}
    }


def test_the_same_serial_again_is_a_repeat_however_it_is_written(story: Story) -> None:
    warranty = sold(story)
    story.given(a_serial(warranty), a_serial(warranty, "sn-1", by="web"))

    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[2]


def test_a_unit_has_one_serial(story: Story) -> None:
    warranty = sold(story)
    story.given(a_serial(warranty), a_serial(warranty, "SN-2"))

    assert story.codes == ["serial_differs"]


def test_a_serial_has_one_unit(story: Story) -> None:
    warranty = sold(story)
    story.given(a_sale(A, order="O-2"), a_serial(warranty))

    assert story.codes == ["serial_taken"]


def test_one_unit_of_an_order_does_not_stand_for_two_of_it(story: Story) -> None:
    """The one with the serial lives with its registration; the order has sold that, and another."""
    story.given(a_registration(), a_sale(a_line(quantity=2, serials=["SN-1"]), order="O-2"))
    blank = next(unit for unit in story.units if unit.serial is None)
    story.given(a_serial(blank.id))

    assert story.codes == ["serial_taken"]
    assert len(story.covered) == 2


def test_two_units_of_one_order_do_not_share_a_serial(story: Story) -> None:
    story.given(a_sale(a_line(quantity=2)))
    first, second = (unit.id for unit in story.units)
    story.given(a_serial(first), a_serial(second))

    assert story.codes == ["serial_taken"]


def test_another_product_may_have_the_same_serial(story: Story) -> None:
    warranty = sold(story)
    story.given(a_sale(a_line("saw", serials=["SN-1"]), order="O-2"), a_serial(warranty))

    assert story.codes == []


def test_whoever_waits_for_the_serial_is_found(story: Story) -> None:
    story.given(a_registration(product=None))
    warranty = sold(story)
    story.given(a_serial(warranty))

    assert [(unit.id, unit.customer) for unit in story.units] == [(warranty, "ada")]
    assert story.timers == {}


def test_a_serial_that_came_back_is_attached_again(story: Story) -> None:
    story.given(a_sale(A), a_return(), a_sale(order="O-2", on=date(2026, 1, 7)))
    (unit,) = story.covered
    story.given(a_serial(unit.id, on=date(2026, 1, 8)))

    assert story.codes == []
    assert story.covered[0].follows is not None


def test_what_an_owner_registered_before_the_sale_knew_the_serial_is_one_unit() -> None:
    """The sale and the registration could not meet by anything but the serial."""
    story = extending()
    story.given(a_sale(customer="till-customer"), a_registration())
    blank = next(unit for unit in story.units if unit.serial is None)
    assert len(story.covered) == 2
    story.given(a_serial(blank.id))

    (unit,) = story.covered
    assert (unit.serial, unit.customer, unit.starts_on, unit.ends_on) == (
        *("SN-1", "ada"),
        *(date(2026, 1, 1), date(2028, 1, 1)),
    )
    assert story.answers[2]["attached"] == {
        "warranty": unit.id,
        "serial": "SN-1",
        "status": "pending",
    }
    assert story.timers == {}
    story.given(a_serial(blank.id, id="again"))
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    story.given(a_return())
    assert story.covered == []


def test_every_sources_report_of_it_is_linked() -> None:
    story = extending()
    story.given(a_sale(), a_sale(by="erp"), a_registration())
    blank = next(unit for unit in story.units if unit.serial is None)
    story.given(a_serial(blank.id))

    (unit,) = story.covered
    assert sorted(report.connector for report in unit.reports) == ["erp", "portal", "till"]
    story.given(a_deletion())
    (unit,) = story.covered
    assert [report.connector for report in unit.reports] == ["portal"]


def test_a_repeat_before_the_other_home_has_answered_asks_nothing_twice() -> None:
    story = extending()
    story.given(a_sale(), a_registration())
    blank = next(unit for unit in story.units if unit.serial is None)
    story.tell(a_serial(blank.id))
    letters = len(story.letters)
    story.tell(a_serial(blank.id, id="again"))

    story.tell(a_serial(blank.id, "SN-2"))

    assert len(story.letters) == letters
    assert story.codes == ["serial_differs"]
    story.deliver()
    assert len(story.covered) == 1


def test_what_has_ended_gains_no_serial(story: Story) -> None:
    warranty = sold(story)
    story.given(a_change(warranty, by=who("owner")), a_serial(warranty))
    story.given(a_return(on=date(2026, 3, 11)), a_serial(warranty, id="later"))

    assert story.codes == ["already_ended", "unit_returned"]


def test_refuses_a_unit_nobody_knows(story: Story) -> None:
    story.given(a_serial("wty_aaaaaaaaaaaaaaaa_1"), a_serial("nonsense", id="2"))

    assert story.codes == ["unknown_warranty", "unknown_warranty"]


def test_a_correction_of_its_sale_leaves_a_unit_its_attached_serial(story: Story) -> None:
    story.given(a_sale(raw="r", revision=1))
    warranty = story.units[0].id
    story.given(a_serial(warranty), a_sale(raw="r", revision=2, on=date(2026, 1, 2), id="2"))

    (unit,) = story.covered
    assert (unit.id, unit.serial, unit.starts_on) == (warranty, "SN-1", date(2026, 1, 2))


def test_a_deleted_order_lets_go_of_an_attached_serial(story: Story) -> None:
    warranty = sold(story)
    story.given(a_serial(warranty), a_deletion(), a_sale(A, order="O-2", on=date(2026, 1, 8)))

    assert [unit.order_reference for unit in story.covered] == ["O-2"]


def test_a_source_that_reads_the_serial_later_means_the_same_unit(story: Story) -> None:
    warranty = sold(story)
    story.given(a_serial(warranty), a_sale(A, by="erp"))

    assert [unit.id for unit in story.covered] == [warranty]
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_the_loser_of_a_race_for_a_serial_decides_again(story: Story) -> None:
    """It had looked the serial up before the other one took it."""
    warranty = sold(story)
    told = a_serial(warranty)
    known = story.lookups(told)
    story.given(a_sale(A, order="O-2"))
    story.tell(told, known)

    assert story.codes == ["serial_taken"]


def test_waits_where_whoever_has_the_serial_cannot_be_read_yet(story: Story) -> None:
    warranty = sold(story)
    story.given(a_registration())
    told = a_serial(warranty)
    known = story.lookups(told)
    other = next(unit for unit in story.units if unit.id != warranty)
    known.answers[AskRow("unit", other.id)] = None

    with pytest.raises(UnavailableError, match="cannot be read yet"):
        story.tell(told, known)


def test_telling_it_twice_is_telling_it_once(story: Story) -> None:
    other = Story()
    for world, times in ((story, 1), (other, 3)):
        warranty = sold(world)
        world.given(*[a_serial(warranty)] * times)

    assert msgspec.json.encode(rows_of(story)) == msgspec.json.encode(rows_of(other))
