"""People sign in to the pages by merchant, e-mail and password, and see what their role may."""

import pytest

from hub.access.keys import COMMAND
from hub.access.limits import LOAD, SYSTEM, Limit, set_limits
from hub.access.passwords import Passwords
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from tests.intake.corner import KEYRING
from tests.ui.house import TENANT, House, Pages, stranger

pytestmark = pytest.mark.servers

PASSWORD = "a sentence nobody guesses"  # noqa: S105 - an example


async def somebody(house: House, role: Role) -> dict[str, str]:
    """What they type in."""
    email = f"{role}@example.org"
    async with house.database.transaction() as queries:
        asked = Invitation(TENANT, email, role)
        person = await invite(queries, KEYRING, asked, COMMAND, Wording(""))
        kept = await Passwords().hashed(PASSWORD)
        sql = "update person set state = 'active', password = $2 where id = $1"
        await queries.execute(sql, person, kept)
    return {"tenant": TENANT, "email": email, "password": PASSWORD}


async def test_a_person_signs_in_sees_what_the_role_may_and_signs_out_for_good(
    pages: Pages, house: House
) -> None:
    typed = await somebody(house, Role.WARRANTY_MANAGER)
    async with stranger(pages) as client:
        entered = await client.post("/sign-in", data=typed | {"next": "/items"})
        board, items = await client.get("/"), await client.get("/items")
        steered = await client.post("/items/t/0/0/steer", data={"act": "hold", "reason": "x"})
        kept = dict(client.cookies)
        await client.post("/sign-out")
        client.cookies.update(kept)
        after = await client.get("/")

    assert entered.headers["location"] == "/items"
    assert (board.status_code, items.status_code, steered.status_code) == (200, 200, 403)
    assert "warranty manager" in board.text
    # The cookie that was kept is of a session that is over.
    assert after.status_code == 303


async def test_pages_take_from_the_same_minute_as_the_api(pages: Pages, house: House) -> None:
    typed = await somebody(house, Role.SYSTEM_ADMIN)
    async with stranger(pages) as client:
        await client.post("/sign-in", data=typed)
        await set_limits(house.database, TENANT, {Limit.WRITE: 3}, SYSTEM)
        try:
            sent = [await client.post("/audit/samples", data={"month": "x"}) for _ in range(5)]
            looked = await client.get("/audit")
        finally:
            await set_limits(house.database, TENANT, LOAD, SYSTEM)

    assert [one.status_code for one in sent] == [422, 422, 422, 429, 429]
    assert "3 a minute are yours for write" in sent[-1].text
    assert int(sent[-1].headers["retry-after"]) > 0
    assert looked.status_code == 200


async def test_sales_staff_are_shown_no_way_to_what_waits(pages: Pages, house: House) -> None:
    typed = await somebody(house, Role.SALES_STAFF)
    async with stranger(pages) as client:
        await client.post("/sign-in", data=typed)
        board, items = await client.get("/"), await client.get("/items")

    assert 'href="/items"' not in board.text
    assert items.status_code == 403


@pytest.mark.parametrize("field", ["tenant", "email", "password"])
async def test_whatever_is_wrong_the_page_says_the_same(
    pages: Pages, house: House, field: str
) -> None:
    wrong = {"tenant": TENANT, "email": "eve@example.org", "password": "wrong"}
    async with stranger(pages) as client:
        refused = await client.post("/sign-in", data=wrong | {field: f"other-{field}@x"})

    assert refused.status_code == 401
    assert "do not fit, or are not for these pages" in refused.text
    assert "set-cookie" not in refused.headers


async def test_a_customer_has_no_business_on_these_pages(pages: Pages, house: House) -> None:
    typed = await somebody(house, Role.CUSTOMER)
    async with stranger(pages) as client:
        assert (await client.post("/sign-in", data=typed)).status_code == 401


async def test_a_mail_leads_to_a_page_that_takes_a_password(pages: Pages) -> None:
    async with stranger(pages) as client:
        page = await client.get("/choose-password")

    assert page.status_code == 200
    assert 'autocomplete="new-password"' in page.text
