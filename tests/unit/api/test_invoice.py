"""E1 to E24: what is posted to Send Warranty with Invoice, and what that is answered."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.api.invoice.body import read_bulk, read_invoice
from hub.api.invoice.faults import InvoiceError
from hub.api.invoice.meaning import Merchant, asked_of
from hub.api.invoice.rendering import Lines, render, wrong
from hub.domain.phones import COUNTRIES
from hub.domain.products import Asked, Goods, name_key
from hub.ledger.ask import State, Told
from hub.sdk.events import Outcome
from tests.unit.api.desk import Desk, a_product, an_invoice, faults_of, ids_of, lines_told
from tests.unit.by_hand import a_policy

SEED = {
    "externalOrderId": "INV-7",
    "sellerCode": "S-1",
    "customer": {
        "firstName": "Mehmet",
        "lastName": "Öz",
        "email": "mehmet@example.com",
        "phone": "544 333 22 11",
        "countryCode": "TR",
    },
    "products": [
        {
            "name": "Kettle",
            "brand": "Acme",
            "productCode": "K-1",
            "serialNumber": "000981",
            "externalLineId": "123456",
            "purchaseDate": "01-01-2026 00:00",
            "warrantyExpireDate": "01-01-2028 00:00",
        }
    ],
}
SERIAL = a_product(serialNumber="000981")
KETTLE = Goods("K-1", "Acme", "Kettle")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_published_request_is_answered_as_published(desk: Desk) -> None:
    reply = desk.post(SEED)
    assert reply.status == 200
    assert reply.document == {
        "individualCustomerProductResponseList": [{"id": 1, "lineId": "123456"}]
    }
    unit = desk.story.units[0]
    assert (unit.serial, unit.starts_on, unit.ends_on) == (
        "000981",
        date(2026, 1, 1),
        date(2028, 1, 1),
    )


@pytest.mark.parametrize(
    ("product", "code"),
    [
        ({"productCode": "K-1"}, None),
        ({"productCode": "K-1", "name": "Kettle"}, None),
        ({"brand": "Acme", "name": "Kettle"}, None),
        ({"productCode": "K-1", "brand": "Acme", "name": "Kettle"}, None),
        ({}, "product_unknown"),
        ({"productCode": "  ", "brand": "", "name": None}, "product_unknown"),
        ({"brand": "Acme"}, "product_unknown"),
        ({"name": "Kettle"}, "product_unknown"),
    ],
)
def test_e1_which_product_a_line_means(desk: Desk, product: Any, code: str | None) -> None:
    reply = desk.post(an_invoice(product))
    if code is None:
        assert len(ids_of(reply)) == 1
    else:
        assert reply.status == 422
        assert faults_of(reply) == [(0, "productCode", code)]


def test_e1_a_code_that_the_catalogue_lacks_needs_a_name(desk: Desk) -> None:
    desk.catalogue = {Asked("code", "K-1"): KETTLE}
    assert ids_of(desk.post(an_invoice({"productCode": "K-1"})))
    reply = desk.post(an_invoice({"productCode": "K-9"}, externalOrderId="O-2"))
    assert faults_of(reply) == [(0, "productCode", "product_name_missing")]
    assert ids_of(desk.post(an_invoice(a_product(productCode="K-9"), externalOrderId="O-3")))


def test_e1_the_code_wins(desk: Desk) -> None:
    desk.catalogue = {Asked("code", "K-1"): KETTLE, Asked("name", name_key("B", "P")): Goods("P-2")}
    desk.post(an_invoice({"productCode": "K-1", "brand": "B", "name": "P"}))
    assert desk.story.units[0].product == "K-1"


def test_e2_a_brand_and_name_are_looked_up_before_they_make_a_product(desk: Desk) -> None:
    asked = Asked("name", name_key("acme", "KETTLE"))
    desk.catalogue = {asked: KETTLE}
    invoice = an_invoice({"brand": " ACME ", "name": "kettle"})
    assert list(asked_of(read_invoice(json.dumps(invoice).encode()))) == [asked]
    desk.post(invoice)
    assert desk.facts[0].lines[0].product.code == "K-1"


def test_e2_spellings_of_one_brand_and_name_are_one_product_without_a_catalogue_too(
    desk: Desk,
) -> None:
    one = {"brand": "Acme", "name": "Big  Kettle", "serialNumber": "1"}
    desk.post(an_invoice(one))
    desk.post(an_invoice({**one, "brand": "ACME", "name": "big kettle"}, sellerCode="S-2"))
    assert {unit.product for unit in desk.story.units} == {"acme/big kettle"}


@pytest.mark.parametrize("catalogue", [None, {Asked("name", name_key("Acme", "Kettle")): KETTLE}])
def test_e2_a_merchant_may_want_a_product_for_each_such_sale(desk: Desk, catalogue: Any) -> None:
    desk.catalogue = catalogue
    desk.merchants["M-1"] = Merchant("acme", "M-1", makes_each=True)
    line = {"brand": "Acme", "name": "Kettle"}
    first = desk.post(an_invoice(line, line))
    assert len({fact.product.code for fact in desk.facts[0].lines}) == 2
    assert desk.post(an_invoice(line, line)) == first


def test_e3_the_catalogue_stays_and_the_difference_is_remarked(desk: Desk) -> None:
    desk.catalogue = {Asked("code", "K-1"): KETTLE}
    desk.post(an_invoice({"productCode": "K-1", "brand": "Acne", "name": "Teapot"}))
    assert desk.facts[0].lines[0].product.name == "Kettle"
    assert desk.story.heads[0].sales[0].remarks == (("brand_differs", "#1"), ("name_differs", "#1"))


def test_e4_an_identical_replay_hears_the_first_answer(desk: Desk) -> None:
    first = desk.post(SEED)
    desk.now += timedelta(days=40)
    assert desk.post(SEED) == first


def test_e4_the_same_sale_told_by_another_source_is_one_warranty(desk: Desk) -> None:
    first = desk.post(an_invoice(SERIAL))
    other = desk.post(an_invoice(SERIAL, externalOrderId="E-7"), by="erp")
    assert ids_of(other) == ids_of(first)


def test_e4_a_serial_that_is_sold_already_is_refused(desk: Desk) -> None:
    desk.post(an_invoice(SERIAL))
    reply = desk.post(an_invoice(a_product(), SERIAL, externalOrderId="O-2"))
    assert reply.status == 409
    assert faults_of(reply) == [(1, "serialNumber", "double_entry")]
    assert len(desk.story.units) == 1


def test_e4_an_order_with_other_content_is_refused(desk: Desk) -> None:
    desk.post(an_invoice())
    reply = desk.post(an_invoice(a_product(), a_product(productCode="K-2")))
    assert (reply.status, faults_of(reply)) == (409, [(None, None, "order_differs")])


def test_e5_a_serial_counts_for_its_product(desk: Desk) -> None:
    named = {"brand": "Acme", "name": "Kettle", "serialNumber": "1"}
    other = {"brand": "Acme", "name": "Pot", "serialNumber": "1"}
    assert len(ids_of(desk.post(an_invoice(named, other)))) == 2
    assert desk.post(an_invoice(named, externalOrderId="O-2")).status == 409


def test_e6_one_serial_on_two_lines_refuses_the_request(desk: Desk) -> None:
    reply = desk.post(an_invoice(SERIAL, a_product(), {**SERIAL, "serialNumber": " 000 981 "}))
    assert (reply.status, faults_of(reply)) == (422, [(2, "serialNumber", "serial_repeated")])
    assert desk.story.units == []


def test_e7_whoever_gives_no_address_is_the_same_person_again(desk: Desk) -> None:
    nobody = {"email": "", "phone": None}
    first = desk.post(an_invoice(customer=nobody))
    assert desk.post(an_invoice(customer=nobody)) == first
    desk.post(an_invoice(customer=nobody, externalOrderId="O-2"))
    one, again, other = desk.customers
    assert one == again != other
    contact = desk.facts[0].customer
    assert contact is not None
    assert contact.generated == ("email", "phone")
    assert str(contact.email).endswith("@placeholder.invalid")


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"email": "ayse@example.com"}, ("phone",)),
        ({"email": None, "phone": "5443332211"}, ("email",)),
    ],
)
def test_e7_what_is_given_is_kept_and_counts_and_only_the_other_is_made_up(
    desk: Desk, given: Any, made: tuple[str, ...]
) -> None:
    desk.post(an_invoice(customer=given))
    desk.post(an_invoice(customer=given, externalOrderId="O-2"))
    assert desk.customers[0] == desk.customers[1]
    assert desk.facts[0].customer is not None
    assert desk.facts[0].customer.generated == made


@pytest.mark.parametrize("email", ["0", "@", "a@", "no address"])
def test_e7_what_is_no_address_is_named_however_short_it_is(desk: Desk, email: str) -> None:
    reply = desk.post(an_invoice(customer={"email": email}))
    assert (reply.status, faults_of(reply)) == (
        422,
        [(None, "customer.email", "email_unreadable")],
    )


def test_e7_a_placeholder_that_is_sent_back_is_no_address(desk: Desk) -> None:
    desk.post(an_invoice(customer={"email": "x@placeholder.invalid", "phone": "+99912345678901"}))
    assert desk.facts[0].customer is not None
    assert desk.facts[0].customer.generated == ("email", "phone")


@pytest.mark.parametrize(
    "phone", ["544 333 22 11", "5443332211", "+905443332211", "905443332211", "05443332211"]
)
def test_e9_the_five_published_forms_are_one_phone(desk: Desk, phone: str) -> None:
    desk.post(an_invoice(customer={"phone": phone}))
    assert desk.facts[0].customer is not None
    assert desk.facts[0].customer.phone == "+905443332211"


def test_e9_a_phone_that_names_its_country_wins_and_that_is_remarked(desk: Desk) -> None:
    desk.post(an_invoice(customer={"phone": "+49 151 12345678", "countryCode": "TR"}))
    assert desk.story.heads[0].sales[0].remarks == (("phone_elsewhere", None),)


def test_e9_a_phone_nobody_can_read_is_refused(desk: Desk) -> None:
    reply = desk.post(an_invoice(customer={"phone": "call me"}))
    assert (reply.status, faults_of(reply)) == (422, [(None, "customer.phone", "phone_unreadable")])
    assert "call me" not in json.dumps(reply.document)


@pytest.mark.parametrize("country", ["tr", "ES", "TUR", 90])
def test_e9_knows_eight_countries(desk: Desk, country: object) -> None:
    reply = desk.post(an_invoice(customer={"countryCode": country}))
    assert (reply.status, faults_of(reply)[0][:2]) == (400, (None, "customer.countryCode"))
    for known in COUNTRIES:
        read_invoice(json.dumps(an_invoice(customer={"countryCode": known})).encode())


@pytest.mark.parametrize("text", ["01-13-2026 00:00", "31-02-2026 00:00", "2026-01-31T00:00:00Z"])
@pytest.mark.parametrize("field", ["purchaseDate", "warrantyExpireDate"])
def test_e10_dates_are_written_in_one_way(desk: Desk, field: str, text: str) -> None:
    reply = desk.post(an_invoice(a_product(), a_product(**{field: text})))
    assert (reply.status, faults_of(reply)) == (422, [(1, field, "date_unreadable")])


def test_e10_the_day_is_that_of_the_merchant(desk: Desk) -> None:
    desk.merchants["M-1"] = Merchant("acme", "M-1", zone="Asia/Tashkent")
    desk.post(an_invoice(a_product(purchaseDate="01-01-2026 00:00")))
    assert desk.facts[0].sold_at == datetime(2025, 12, 31, 19, tzinfo=UTC)
    assert desk.story.units[0].starts_on == date(2026, 1, 1)


def test_e11_without_a_date_it_is_today_and_a_replay_tomorrow_the_same_day(desk: Desk) -> None:
    desk.now = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
    first = desk.post(an_invoice())
    assert desk.story.units[0].starts_on == date(2026, 3, 11)
    desk.now += timedelta(days=2)
    assert desk.post(an_invoice()) == first
    assert len(desk.story.units) == 1


def test_e11_lines_with_and_without_a_date_are_replayed_too(desk: Desk) -> None:
    lines = a_product(), a_product(productCode="K-2", purchaseDate="01-03-2026 10:00")
    first = desk.post(an_invoice(*lines))
    desk.now += timedelta(days=2)
    assert desk.post(an_invoice(*lines)) == first
    assert [unit.starts_on.day for unit in desk.story.units] == [10, 1]


def test_e12_without_an_end_it_is_the_period_clamped_to_the_month(desk: Desk) -> None:
    desk.post(an_invoice(a_product(purchaseDate="29-02-2024 12:00")))
    assert desk.story.units[0].ends_on == date(2026, 2, 28)


def test_e12_the_period_is_that_of_the_policy_in_force_when_it_was_bought(desk: Desk) -> None:
    terms = {"standard": {"months": 36, "type": "repair"}}
    yearly = {
        "default": {"standard": {"months": 12, "type": "repair"}},
        "by_product": {"K-1": terms},
    }
    desk.story.policies = [
        a_policy("coverage", yearly, 1, datetime(2026, 1, 1, tzinfo=UTC)),
        a_policy("coverage", {"default": terms}, 2, datetime(2026, 3, 1, tzinfo=UTC)),
    ]
    bought = {"purchaseDate": "15-02-2026 12:00"}
    desk.post(
        an_invoice(
            a_product(**bought),
            a_product(productCode="L-1", **bought),
            a_product(productCode="L-2"),
            a_product(productCode="L-3", purchaseDate="31-12-2025 12:00"),
            a_product(productCode="L-4", warrantyExpireDate="01-07-2026 00:00", **bought),
        )
    )
    assert [(unit.ends_on, [one.version for one in unit.rulings]) for unit in desk.story.units] == [
        (date(2029, 2, 15), [1]),
        (date(2027, 2, 15), [1]),
        (date(2029, 3, 10), [2]),
        (date(2027, 12, 31), []),
        (date(2026, 7, 1), []),
    ]


def test_e13_cover_cannot_end_before_it_begins(desk: Desk) -> None:
    dates = {"purchaseDate": "02-01-2026 00:00", "warrantyExpireDate": "01-01-2026 23:59"}
    reply = desk.post(an_invoice(a_product(**dates)))
    assert reply.status == 422
    assert faults_of(reply) == [(0, "warrantyExpireDate", "expires_before_purchase")]


def test_e13_nor_before_today_where_no_date_is_given(desk: Desk) -> None:
    reply = desk.post(an_invoice(a_product(), a_product(warrantyExpireDate="09-03-2026 23:59")))
    assert reply.status == 422
    assert faults_of(reply) == [(1, "warrantyExpireDate", "covered_until_before_sale")]
    assert ids_of(desk.post(an_invoice(a_product(warrantyExpireDate="10-03-2026 00:00"))))


def test_e13_nothing_was_bought_tomorrow(desk: Desk) -> None:
    reply = desk.post(an_invoice(a_product(purchaseDate="11-03-2026 12:00")))
    assert (reply.status, faults_of(reply)) == (422, [(0, "purchaseDate", "purchase_in_future")])


def test_e14_deleting_cancels_all_and_can_be_repeated(desk: Desk) -> None:
    sent = desk.post(an_invoice(SERIAL, a_product(externalLineId="L-2")))
    gone = desk.delete()
    assert ids_of(gone) == ids_of(sent)
    assert lines_told(gone) == [None, "L-2"]
    assert desk.delete() == gone
    assert desk.story.covered == []


def test_e14_posted_again_after_a_deletion_it_is_another_warranty(desk: Desk) -> None:
    first = desk.post(an_invoice(SERIAL))
    desk.delete()
    second = desk.post(an_invoice(SERIAL))
    assert ids_of(first) != ids_of(second)
    assert desk.post(an_invoice(SERIAL)) == second


def test_e14_two_sellers_number_their_orders_apart(desk: Desk) -> None:
    desk.post(an_invoice())
    desk.post(an_invoice(sellerCode="S-2"))
    desk.delete(seller="S-2")
    assert [unit.branch for unit in desk.story.covered] == ["S-1"]


def test_e15_a_line_without_an_id_is_told_null(desk: Desk) -> None:
    reply = desk.post(an_invoice(a_product(), a_product(externalLineId="A"), a_product()))
    assert lines_told(reply) == [None, "A", None]


def test_e15_each_line_has_an_id_of_its_own(desk: Desk) -> None:
    reply = desk.post(an_invoice(a_product(externalLineId="A"), a_product(externalLineId=" A ")))
    assert (reply.status, faults_of(reply)) == (422, [(1, "externalLineId", "line_repeated")])
    assert reply.document["lines"][0]["lineId"] == "A"


def test_e16_one_wrong_line_refuses_all_and_every_reason_is_told(desk: Desk) -> None:
    reply = desk.post(
        an_invoice(
            a_product(),
            {"externalLineId": "B", "purchaseDate": "yesterday"},
            customer={"phone": "none", "email": "none"},
        )
    )
    assert reply.status == 422
    assert faults_of(reply) == [
        (None, "customer.email", "email_unreadable"),
        (None, "customer.phone", "phone_unreadable"),
        (1, "productCode", "product_unknown"),
        (1, "purchaseDate", "date_unreadable"),
    ]
    assert desk.story.units == []


def in_bulk(count: int, **customer: Any) -> bytes:
    reachable = {"phone": "5443332211", "countryCode": "TR", **customer}
    one = an_invoice(customer=reachable)
    return json.dumps([{**one, "externalOrderId": f"O-{n}"} for n in range(count)]).encode()


def test_e17_a_bulk_has_1_to_50_invoices() -> None:
    assert len(read_bulk(in_bulk(50))) == 50
    for count in (0, 51):
        with pytest.raises(InvoiceError) as refused:
            read_bulk(in_bulk(count))
        reply = wrong(refused.value)
        assert (reply.status, faults_of(reply)) == (400, [(None, None, "bulk_size")])


def test_e17_a_bulk_names_how_each_customer_is_reached() -> None:
    with pytest.raises(InvoiceError) as refused:
        read_bulk(in_bulk(2, phone="", countryCode=None))
    assert [fault.field for fault in refused.value.faults] == [
        "#0.customer.phone",
        "#0.customer.countryCode",
        "#1.customer.phone",
        "#1.customer.countryCode",
    ]


def test_e18_takes_fields_it_does_not_know_and_those_it_was_told_of_later(desk: Desk) -> None:
    plan = {"insuranceId": "P-1", "insurancePrice": 99.9, "personalName": "Ali"}
    line = a_product(
        productPrice="1999.90",
        extendedWarranties=[plan, {"insuranceName": "none"}],
        additionalText="hello",
        colour="red",
    )
    customer = {"birthDate": "24-12-1990", "identificationNumber": "10000000146", "hat": 7}
    assert ids_of(desk.post(an_invoice(line, customer=customer, channel="web")))
    fact = desk.facts[0]
    assert fact.lines[0].price is not None
    assert (fact.lines[0].price.amount, fact.lines[0].price.currency) == (199990, "TRY")
    assert [plan.insurance for plan in fact.lines[0].extended or ()] == ["P-1"]
    assert fact.customer is not None
    assert (fact.customer.birth_date, fact.customer.identification) == (
        date(1990, 12, 24),
        "10000000146",
    )


def test_e18_nothing_of_the_customer_stands_in_what_a_log_would_write(desk: Desk) -> None:
    customer = {"identificationNumber": "10000000146", "phone": "5443332211"}
    invoice = read_invoice(json.dumps(an_invoice(customer=customer)).encode())
    for private in ("10000000146", "5443332211", "ayse@example.com", "Yilmaz"):
        assert private not in repr(invoice)
    desk.post(an_invoice(customer=customer))
    said = repr([desk.story.heads, desk.story.units, desk.story.said])
    for private in ("10000000146", "5443332211", "ayse@example.com", "Yilmaz"):
        assert private not in said


def test_e18_a_birthday_nobody_can_read_is_left_out(desk: Desk) -> None:
    desk.post(an_invoice(customer={"birthDate": "31-02-1990"}))
    assert desk.story.heads[0].sales[0].remarks == (("birth_date_unreadable", None),)


def test_e19_a_seller_is_a_branch_of_the_merchant(desk: Desk) -> None:
    desk.post(an_invoice(sellerCode="New Seller"))
    assert desk.story.units[0].branch == "New Seller"
    assert {fact.branch for fact in desk.story.said} == {"New Seller"}  # type: ignore[attr-defined]


def test_e20_an_unknown_merchant_and_somebody_elses_are_answered_alike(desk: Desk) -> None:
    replies = {repr(desk.post(an_invoice(), merchant=code)) for code in ("M-2", "nobody", "")}
    assert len(replies) == 1
    assert desk.post(an_invoice(), merchant="M-2").status == 404
    assert desk.post(b"no JSON", merchant="M-2") == desk.post(an_invoice(), merchant="M-2")


def test_e22_the_integer_is_that_of_the_row_first_and_again(desk: Desk) -> None:
    assert ids_of(desk.post(an_invoice(a_product(), SERIAL))) == [1, 2]
    answer = desk.story.settled[desk.story.told[0]].answer.decode()
    stored = {unit.id: 70 + unit.number for unit in desk.story.units}
    for outcome in (Outcome.APPLIED, Outcome.DEDUPLICATED):
        told = Told("req", State.DECIDED, outcome, answer)
        assert ids_of(render(told, Lines(), stored)) == [71, 72]
    assert "published" not in answer


def test_e23_an_order_that_nobody_sent_cannot_be_deleted(desk: Desk) -> None:
    reply = desk.delete("O-9")
    assert (reply.status, reply.document["code"], faults_of(reply)) == (404, "order_unknown", [])


def test_e23_whoever_speaks_for_the_merchant_may_delete(desk: Desk) -> None:
    sent = desk.post(an_invoice(SERIAL), by="demo")
    assert ids_of(desk.delete(by="other")) == ids_of(sent)
    assert desk.story.covered == []


def test_e24_an_error_has_its_published_shape(desk: Desk) -> None:
    reply = desk.post(an_invoice({"externalLineId": "L-1", "brand": "Acme"}))
    assert reply.document == {
        "code": "invoice_refused",
        "message": "nothing was registered; `lines` says what to correct",
        "lines": [
            {
                "index": 0,
                "lineId": "L-1",
                "field": "productCode",
                "code": "product_unknown",
                "message": "the name is missing beside the other; send the productCode, or "
                "brand and name",
            }
        ],
    }


@pytest.mark.parametrize(
    ("invoice", "faults"),
    [
        (b"{", [(None, None, "not_json")]),
        (b'"\xff"', [(None, None, "not_json")]),
        (b"[]", [(None, None, "model_type")]),
        (
            {},
            [
                (None, "externalOrderId", "missing"),
                (None, "sellerCode", "missing"),
                (None, "customer", "missing"),
                (None, "products", "missing"),
            ],
        ),
        (an_invoice(externalOrderId=" "), [(None, "externalOrderId", "missing")]),
        (an_invoice(sellerCode=None), [(None, "sellerCode", "missing")]),
        (an_invoice(customer={"firstName": ""}), [(None, "customer.firstName", "missing")]),
        (an_invoice(customer={"lastName": 7}), [(None, "customer.lastName", "string_type")]),
        (an_invoice(products=[]), [(None, "products", "too_short")]),
        (an_invoice(a_product(serialNumber=981)), [(0, "serialNumber", "string_type")]),
        (an_invoice(a_product(), "kettle"), [(1, None, "model_type")]),
        (an_invoice(a_product(name="a\x00b")), [(0, "name", "string_pattern_mismatch")]),
        (an_invoice(a_product(productPrice="x")), [(0, "productPrice", "decimal_parsing")]),
        (an_invoice(externalOrderId="x" * 201), [(None, "externalOrderId", "string_too_long")]),
    ],
)
def test_e24_what_cannot_be_read_is_told_place_by_place(
    desk: Desk, invoice: object, faults: list[object]
) -> None:
    reply = desk.post(invoice)
    assert (reply.status, faults_of(reply)) == (400, faults)
    assert set(reply.document) == {"code", "message", "lines"}


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        (Told("req", State.WAITING), 202, "waiting"),
        (Told("req", State.IN_FLIGHT), 202, "waiting"),
        (Told("req", State.DECIDED, Outcome.EARLY, "{}"), 202, "early"),
        (Told("req", State.DECIDED, Outcome.HELD, "{}"), 202, "held"),
        (Told("req", State.DECIDED, Outcome.GIVEN_UP, '{"reason": "no"}'), 422, "given_up"),
    ],
)
def test_e24_what_is_not_decided_is_told_in_that_shape_too(
    told: Told, status: int, code: str
) -> None:
    reply = render(told, Lines(), {})
    assert (reply.status, reply.document["code"], reply.document["lines"]) == (status, code, [])


def test_a_name_in_any_script_is_kept_as_it_is(desk: Desk) -> None:
    desk.post(an_invoice(customer={"firstName": "أحمد", "lastName": "محمد"}))
    assert desk.facts[0].customer is not None
    assert desk.facts[0].customer.name == "أحمد محمد"
