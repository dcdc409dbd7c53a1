"""P15: a registration is held against its order at the shop, last of all checks, where a policy has it so."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from hub.domain.policies.versions import PolicyVersion
from hub.domain.shop_orders import ShopAnswer
from hub.processors.purchase import PROCESSOR
from hub.sdk.asking import UnansweredError
from hub.sdk.events import AskShop, CustomerRef, Event
from schemas.events.warranty import WarrantyActivated, WarrantyLinked, WarrantyRefused
from tests.unit.by_hand import a_policy
from tests.unit.story import Story, a_line, a_registration, a_sale

ASKED_AT = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)
ADA = CustomerRef("ada", "hash-of-ada", named=True)
RIGHT = ShopAnswer(
    "webshop",
    ASKED_AT,
    is_known=True,
    email_fits=True,
    payment="paid",
    ordered=True,
    units=1,
)


def verifying(applies_to: str = "all", **more: Any) -> PolicyVersion:
    document = {"source": "webshop", "applies_to": applies_to}
    return a_policy("shop_verification", document, **more)


def under(*policies: PolicyVersion) -> Story:
    story = Story()
    story.policies = list(policies)
    return story


def registers(
    serial: str | None = "SN-1", *, order: str | None = "#1001", who: CustomerRef = ADA, **more: Any
) -> Event:
    told = a_registration(serial, fact={"order": order}, **{"id": "reg-event", **more})
    return msgspec.structs.replace(told, customer=who)


def answers(story: Story, order: str = "#1001", event: str = "reg-event", **said: Any) -> None:
    """The shop answers so about an order; right in all that is not said."""
    answer = msgspec.structs.replace(RIGHT, **said)
    story.shop[event, order, "drill"] = answer


def refused_for(story: Story, event: Event) -> list[str]:
    story.given(event)
    return story.codes


def test_p15_what_the_shop_confirms_activates_and_says_by_what() -> None:
    story = under(verifying())
    answers(story)
    story.given(registers())

    (said,) = story.said
    assert isinstance(said, WarrantyActivated)
    assert said.verified_by is not None
    assert said.verified_by.model_dump(include={"policy", "version", "source", "order"}) == {
        "policy": "shop_verification",
        "version": 1,
        "source": "webshop",
        "order": "#1001",
    }
    (unit,) = story.units
    assert unit.verifications[0].answer == RIGHT


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"is_known": False}, "shop_order_unknown"),
        ({"email_fits": False}, "shop_email_differs"),
        ({"cancelled": True}, "shop_order_cancelled"),
        ({"test": True}, "shop_order_test"),
        ({"payment": "unpaid"}, "shop_order_unpaid"),
        ({"ordered": False, "units": 0}, "shop_product_differs"),
        ({"units": 0}, "shop_order_refunded"),
        ({"payment": "refunded"}, "shop_order_refunded"),
    ],
)
def test_p15_what_the_shop_does_not_confirm_is_refused_in_a_word(
    said: dict[str, Any], code: str
) -> None:
    story = under(verifying())
    answers(story, **said)
    story.given(registers())

    (refusal,) = story.said
    assert isinstance(refusal, WarrantyRefused)
    assert [reason.code for reason in refusal.reasons] == [code]
    assert "version 1 of shop_verification" in refusal.reasons[0].message
    assert story.units == []


def test_an_order_of_which_another_product_was_refunded_verifies() -> None:
    story = under(verifying())
    answers(story, payment="partially_refunded")
    story.given(registers())

    assert len(story.covered) == 1


def test_whoever_does_not_know_the_address_hears_nothing_else_of_the_order() -> None:
    story = under(verifying())
    answers(story, email_fits=False, cancelled=True, test=True, payment="unpaid", ordered=False)

    assert refused_for(story, registers()) == ["shop_email_differs"]


def test_p15_before_the_shop_has_answered_nothing_is_decided() -> None:
    story, told = under(verifying()), registers()

    with pytest.raises(UnansweredError) as raised:
        story.given(told)

    assert raised.value.source == "webshop"
    assert raised.value.ask == AskShop(
        "acme", "portal", "reg-event", "#1001", "drill", "hash-of-ada"
    )
    assert story.said == []
    answers(story)
    story.given(told)
    assert len(story.covered) == 1


def test_p3_what_another_check_refuses_is_refused_without_the_shop() -> None:
    rules = a_policy("serial_rules", {"rules": [{"pattern": "SN-[0-9]+"}]})
    story = under(verifying(), rules)

    assert refused_for(story, registers("drill number nine")) == ["serial_malformed"]

    story = under(verifying(), rules)
    answers(story)
    bob = msgspec.structs.replace(ADA, ref="bob")
    story.given(registers())
    # Nobody has asked the shop for this one: the serial is taken, whatever it would say.
    story.given(registers(who=bob, id="another", reference="reg-2", by="app"))
    assert story.codes == ["already_registered"]


def test_a_repeat_gets_the_first_answer_without_the_shop() -> None:
    story = under(verifying())
    answers(story)
    story.given(registers())
    story.given(registers(id="told-again"))

    assert story.answers[0] == story.answers[1]
    assert story.codes == []


def test_p13_everything_the_shop_must_be_asked_with_is_missed_at_once() -> None:
    story = under(verifying())
    nameless = {"name": "Drill", "brand": "Acme"}
    told = registers(order=None, who=CustomerRef("ada"))
    fact = told.fact.model_copy(update={"product": None})
    story.given(
        msgspec.structs.replace(
            told, fact=type(fact).model_validate({**fact.model_dump(), "product": nameless})
        )
    )

    (said,) = story.said
    assert isinstance(said, WarrantyRefused)
    assert {reason.code for reason in said.reasons} == {"field_missing"}
    told_of = [reason.message.split(" is required")[0] for reason in said.reasons]
    assert told_of == ["order", "product code", "email"]


def test_without_such_a_policy_an_order_that_is_named_asks_nobody() -> None:
    story = under()
    story.given(registers())

    (said,) = story.said
    assert isinstance(said, WarrantyActivated)
    assert said.verified_by is None


def test_a_policy_counts_from_its_beginning_on() -> None:
    story = under(verifying(begins=datetime(2026, 3, 1, tzinfo=UTC)))
    story.given(registers())

    assert len(story.covered) == 1
    with pytest.raises(UnansweredError):
        story.given(registers("SN-2", on=date(2026, 3, 2), id="later", reference="reg-2"))


def test_a_unit_whose_sale_is_known_needs_no_shop_where_the_policy_says_so() -> None:
    story = under(verifying("unsold"))
    story.given(a_sale(a_line(serials=["SN-1"])))
    story.given(registers(order=None))

    assert isinstance(story.said[-1], WarrantyLinked)
    with pytest.raises(UnansweredError):
        story.given(registers("SN-2", id="of-an-unsold-one", reference="reg-2"))


def test_a_sale_does_not_vouch_for_a_registration_where_all_are_verified() -> None:
    story = under(verifying("all"))
    story.given(a_sale(a_line(serials=["SN-1"])))
    answers(story)
    story.given(registers())

    said = story.said[-1]
    assert isinstance(said, WarrantyLinked)
    assert said.verified_by is not None
    (unit,) = story.units
    assert [one.order for one in unit.verifications] == ["#1001"]


def test_a_registration_without_a_serial_is_verified_too() -> None:
    story = under(verifying())
    answers(story, cancelled=True)

    assert refused_for(story, registers(None)) == ["shop_order_cancelled"]


def test_an_answer_is_of_one_event_and_one_question() -> None:
    asked = AskShop("acme", "portal", "reg-1", "#1001", "drill", "e")
    others = [
        msgspec.structs.replace(asked, **{name: "other"})
        for name in ("connector", "event", "order", "product", "email_hash")
    ]

    assert len({one.key for one in (asked, *others)}) == 6


def test_older_code_does_not_decide_what_it_would_not_ask_for() -> None:
    assert PROCESSOR.code_version >= 9


def test_nobody_gets_around_the_shop_by_saying_that_he_registered_before_the_policy() -> None:
    story = under(verifying(begins=datetime(2025, 6, 1, tzinfo=UTC)))
    now = registers()
    told = now.fact.model_copy(update={"registered_at": datetime(2025, 5, 31, 12, tzinfo=UTC)})

    with pytest.raises(UnansweredError):
        story.given(msgspec.structs.replace(now, fact=told))
