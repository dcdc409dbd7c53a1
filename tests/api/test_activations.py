"""Posting what was sold or registered, and hearing what was decided."""

import pytest

from hub.access.keys import issue
from tests.api.bodies import a_registration, a_sale
from tests.api.conftest import OTHER, TENANT, Api

pytestmark = pytest.mark.servers


async def test_a_sale_is_covered_and_says_where_its_warranty_is(api: Api) -> None:
    told = await api.post(a_sale("R-1", "0099-A"), key="k1")

    assert told.status_code == 201, told.text
    warranty = told.json()["warranties"][0]
    assert told.status_code == 201
    assert told.headers["location"] == f"/v1/warranties/{warranty['id']}"
    assert told.headers["idempotency-key"] == "k1"
    assert "idempotent-replayed" not in told.headers
    assert told.json()["state"] == "accepted"
    assert warranty == {
        "line": "1",
        "id": warranty["id"],
        "serial": "0099-A",
        "starts_on": "2026-01-31",
        "ends_on": "2028-01-31",
        "status": "covered",
    }


async def test_several_units_are_found_at_their_request(api: Api) -> None:
    told = await api.post(a_sale("R-2", "A", "B"))

    assert told.status_code == 201
    assert len(told.json()["warranties"]) == 2
    assert told.headers["location"] == f"/v1/requests/{told.json()['id']}"


async def test_the_same_key_and_body_hear_the_first_answer_byte_for_byte(api: Api) -> None:
    first = await api.post(a_sale("R-3", "S-3"), key="k3")

    again = await api.post(a_sale("R-3", "S-3"), key="k3")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_refusal_too_is_answered_again_byte_for_byte(api: Api) -> None:
    await api.post(a_sale("R-4", "S-4"))
    first = await api.post(a_sale("R-4b", "S-4"), key="k4")

    again = await api.post(a_sale("R-4b", "S-4"), key="k4")

    assert first.status_code == 409
    assert first.json()["code"] == "conflict"
    assert [reason["code"] for reason in first.json()["reasons"]] == ["double_entry"]
    assert "send its return first" in first.json()["detail"]
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    await api.post(a_sale("R-5", "S-5"), key="k5")

    told = await api.post(a_sale("R-5", "S-6"), key="k5")

    assert told.status_code == 422
    assert told.json()["code"] == "idempotency-key-reused"
    assert "a key of its own" in told.json()["detail"]


async def test_how_a_body_is_written_is_no_other_body(api: Api) -> None:
    first = await api.post(a_sale("R-6", "S-7"), key="k6")
    spelled_out = a_sale("R-6", "S-7", customer=None, till=None)
    spelled_out["registration"] = None

    again = await api.post(dict(reversed(list(spelled_out.items()))), key="k6")

    assert (again.status_code, again.content) == (201, first.content)


async def test_without_a_key_the_order_is_recognised_and_the_first_answer_given(api: Api) -> None:
    first = await api.post(a_sale("R-7", "S-8"))

    again = await api.post(a_sale("R-7", "S-8"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["state"] == "repeat"
    assert again.json()["warranties"] == first.json()["warranties"]
    assert again.headers["idempotency-key"] != first.headers["idempotency-key"]


async def test_the_key_the_door_made_can_be_used_to_repeat(api: Api) -> None:
    first = await api.post(a_sale("R-8", "S-9"))

    again = await api.post(a_sale("R-8", "S-9"), key=first.headers["idempotency-key"])

    assert (again.status_code, again.content) == (201, first.content)


async def test_a_key_is_the_same_with_and_without_the_quotes_of_a_structured_field(
    api: Api,
) -> None:
    first = await api.post(a_sale("R-9", "S-10"), key="k 9")

    again = await api.post(a_sale("R-9", "S-10"), key='"k 9"')

    assert again.content == first.content


async def test_a_key_that_begins_with_a_space_is_told_back_in_its_quotes(api: Api) -> None:
    told = await api.post(a_sale("R-9a", "S-10a"), key='" k 9"')

    assert (told.status_code, told.headers["idempotency-key"]) == (201, '" k 9"')


@pytest.mark.parametrize("key", ['"open', "x" * 201, "\x7f", '""', '"a"b"', "schlüssel"])
async def test_what_cannot_be_a_key_is_refused_before_anything_is_sent(api: Api, key: str) -> None:
    before = await api.database.fetchval("select count(*) from request")
    async with api.client() as client:
        told = await client.post(
            "/v1/activations",
            json=a_sale("R-10"),
            headers=[(b"idempotency-key", key.encode("utf-8"))],
        )

    assert (told.status_code, told.json()["code"]) == (400, "idempotency-key-invalid")
    assert await api.database.fetchval("select count(*) from request") == before


async def test_the_same_key_of_another_tenant_is_another_request(api: Api) -> None:
    ours = await api.post(a_sale("R-11", "S-11"), key="k11")
    theirs = await api.post(a_sale("R-11", "S-11"), key="k11", tenant=OTHER)

    assert (ours.status_code, theirs.status_code) == (201, 201)
    assert ours.json()["id"] != theirs.json()["id"]


async def test_the_same_order_with_other_content_contradicts_the_first_report(api: Api) -> None:
    await api.post(a_sale("R-12", "S-12"))

    told = await api.post(a_sale("R-12", "S-12", "S-13"))

    assert told.status_code == 409
    assert [reason["code"] for reason in told.json()["reasons"]] == ["order_differs"]


async def test_what_is_wrong_in_itself_is_no_conflict(api: Api) -> None:
    told = await api.post(a_sale("R-13", "S-14", sold_at="2031-01-01T00:00:00Z"))

    assert told.status_code == 422
    assert told.json()["code"] == "rejected"
    assert [reason["code"] for reason in told.json()["reasons"]] == ["time_in_future"]


async def test_a_registration_covers_a_unit_nobody_sold_here(api: Api) -> None:
    told = await api.post(a_registration("app-1", "S-15", product={"code": "TV-55"}))

    assert told.status_code == 201
    assert told.json()["warranties"][0]["line"] is None
    assert told.headers["location"].startswith("/v1/warranties/wty_")


async def test_a_registration_by_serial_alone_finds_the_unit_that_was_sold(api: Api) -> None:
    sold = await api.post(a_sale("R-14", "S-16"))

    told = await api.post(a_registration("app-2", "s-16"))

    assert told.status_code == 201
    assert told.json()["warranties"][0]["id"] == sold.json()["warranties"][0]["id"]


async def test_a_registration_of_an_unknown_serial_waits_for_its_sale(api: Api) -> None:
    told = await api.post(a_registration("app-3", "S-17"))

    assert told.status_code == 201
    assert told.json()["warranties"][0]["status"] == "staged"
    assert told.headers["location"] == f"/v1/requests/{told.json()['id']}"


async def test_two_callers_of_one_tenant_are_two_sources_of_one_order(api: Api) -> None:
    first = await api.post(a_sale("R-15", "S-18"), key="k15")
    api.tokens["crm"] = await issue(api.database, TENANT, "crm")

    second = await api.post(a_sale("R-15", "S-18", branch="Izmir"), key="k15", tenant="crm")

    assert second.status_code == 200
    assert "idempotent-replayed" not in second.headers
    assert second.json()["warranties"][0]["id"] == first.json()["warranties"][0]["id"]
    assert await api.database.fetchval("select count(*) from unit where serial = 'S-18'") == 1


async def test_what_a_person_is_called_never_stands_in_an_answer(api: Api) -> None:
    customer = {"name": "Ayse Yilmaz", "email": "ayse@example.com", "phone": "+90 555 1"}
    sold = await api.post(a_sale("R-16", "S-19", customer=customer), key="k16")
    warranty = await api.get(sold.headers["location"])
    request = await api.get(f"/v1/requests/{sold.json()['id']}")

    assert warranty.json()["customer"].startswith("cus_")
    for answer in (sold, warranty, request):
        assert "yilmaz" not in answer.text.lower()
        assert "ayse@" not in answer.text.lower()
        assert "+90" not in answer.text
