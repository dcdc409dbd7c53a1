"""Who may see what: signing in and out, and what every answer tells a browser."""

import html
import json
from base64 import urlsafe_b64encode

import httpx
import pytest

from hub.access import keys
from tests.intake.corner import KEYRING
from tests.ui.house import OTHER, TENANT, House, Pages, eventually, stranger

pytestmark = pytest.mark.servers

STRICT = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")


@pytest.mark.parametrize("path", ["/", "/trace?q=R-1", "/trace/R-1"])
async def test_leads_whoever_is_not_signed_in_to_the_door_and_back(
    pages: Pages, house: House, path: str
) -> None:
    async with stranger(pages) as client:
        turned_away = await client.get(path)
        door = await client.get(turned_away.headers["location"])
        entered = await client.post(
            "/sign-in", data={"key": house.tokens[TENANT], "next": _asked_next(door.text)}
        )

    assert turned_away.status_code == 303
    assert entered.headers["location"] == path


def _asked_next(page: str) -> str:
    return html.unescape(page.partition('name="next" value="')[2].partition('"')[0])


async def test_shows_the_stream_to_nobody_who_is_not_signed_in(pages: Pages) -> None:
    async with stranger(pages) as client:
        assert (await client.get("/live")).status_code == 401


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/\n/x", "//["]
)
async def test_leads_nowhere_but_to_a_page_of_its_own(
    pages: Pages, house: House, wanted: str
) -> None:
    async with stranger(pages) as client:
        entered = await client.post("/sign-in", data={"key": house.tokens[TENANT], "next": wanted})

    assert entered.headers["location"] == "/"


async def test_refuses_a_key_that_is_none_and_has_it_written_down(
    pages: Pages, house: House
) -> None:
    async with stranger(pages) as client:
        refused = await client.post("/sign-in", data={"key": "whk_0123456789ab_" + "0" * 64})

    assert refused.status_code == 401
    assert 'role="alert"' in refused.text
    assert "set-cookie" not in refused.headers

    async def is_written_down() -> bool:
        sql = "select count(*) from trail where log = 'door' and source = 'web' and status = '401'"
        return bool(await house.database.fetchval(sql))

    await eventually(is_written_down)


async def test_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(
    pages: Pages, house: House
) -> None:
    async with stranger(pages) as client:
        entered = await client.post("/sign-in", data={"key": house.tokens[TENANT]})

    cookie = entered.headers["set-cookie"]
    assert all(
        word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200")
    )
    assert house.tokens[TENANT] not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_takes_nothing_that_another_site_sends(
    pages: Pages, house: House, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=pages.url, headers=headers) as client:
        entered = await client.post("/sign-in", data={"key": house.tokens[TENANT]})
        left = await client.post("/sign-out")

    assert (entered.status_code, left.status_code) == (403, 403)
    assert "set-cookie" not in entered.headers


async def test_takes_what_an_older_browser_sends_from_a_page_of_ours(
    pages: Pages, house: House
) -> None:
    async with httpx.AsyncClient(base_url=pages.url, headers={"Origin": pages.url}) as client:
        entered = await client.post("/sign-in", data={"key": house.tokens[TENANT]})

    assert entered.status_code == 303


async def test_forgets_who_signs_out(pages: Pages, house: House) -> None:
    async with house.browsing(pages) as client:
        assert (await client.get("/")).status_code == 200
        await client.post("/sign-out")
        assert (await client.get("/")).status_code == 303


async def test_forgets_whoever_holds_a_key_that_was_revoked(pages: Pages, house: House) -> None:
    token = await keys.issue(house.database, TENANT, "leaver")
    async with stranger(pages) as client:
        await client.post("/sign-in", data={"key": token})
        assert (await client.get("/")).status_code == 200
        await keys.revoke(house.database, token)
        assert (await client.get("/")).status_code == 303
        assert (await client.get("/live")).status_code == 401


@pytest.mark.parametrize("spoilt", ["", "x", "AAAA", "not base64 at all!"])
async def test_takes_a_cookie_of_somebody_elses_making_for_none(pages: Pages, spoilt: str) -> None:
    async with stranger(pages) as client:
        answer = await client.get("/", headers={"Cookie": f"hub_session={spoilt}"})

    assert answer.status_code == 303


async def test_takes_a_cookie_that_is_too_old_for_none(pages: Pages, house: House) -> None:
    body = json.dumps({"key": house.tokens[TENANT], "until": 1.0}).encode()
    old = urlsafe_b64encode(KEYRING.seal("hub/session", body)).decode()
    async with stranger(pages) as client:
        answer = await client.get("/", headers={"Cookie": f"hub_session={old}"})

    assert answer.status_code == 303


async def test_keeps_people_signed_in_over_a_restart(house: House) -> None:
    async with house.pages() as before, house.browsing(before) as client:
        cookies = client.cookies
    async with house.pages() as after, stranger(after) as client:
        client.cookies = cookies
        assert (await client.get("/")).status_code == 200


async def test_tells_browsers_with_every_answer_to_run_nothing_but_its_own(
    pages: Pages, house: House
) -> None:
    async with house.browsing(pages) as client:
        paths = ("/", "/sign-in", "/enter", "/trace/unknown", "/trace?q=x", "/assets/x/board.js")
        answers = [await client.get(path) for path in paths]
        answers.append(await client.post("/sign-in", data={"key": "wrong"}))
        answers.append(await client.post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"}))

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert all(part in policy for part in STRICT)
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_lets_nobody_keep_a_page_but_everybody_its_scripts(
    pages: Pages, house: House
) -> None:
    async with house.browsing(pages) as client:
        board = await client.get("/")
        script = board.text.partition('<script src="')[2].partition('"')[0]
        answer = await client.get(script)

    assert board.headers["cache-control"] == "no-store"
    assert "immutable" in answer.headers["cache-control"]


async def test_shows_a_tenant_its_own_events_and_nobody_elses(pages: Pages, house: House) -> None:
    await house.sell("D-MINE")
    await house.sell("D-THEIRS", tenant=OTHER)
    await house.shown("D-MINE")
    await house.shown("D-THEIRS", OTHER)
    async with house.browsing(pages) as client:
        board = (await client.get(f"/?tenant={OTHER}")).text
        mine = await client.get("/trace/D-MINE")
        theirs = await client.get(f"/trace/D-THEIRS?tenant={OTHER}")

    assert "D-MINE" in board
    assert "D-THEIRS" not in board
    assert OTHER not in board
    assert (mine.status_code, theirs.status_code) == (200, 404)


async def test_lets_an_operator_choose_whose_events_to_look_at(pages: Pages, house: House) -> None:
    await house.sell("D-OPS", tenant=OTHER)
    await house.shown("D-OPS", OTHER)
    async with house.browsing(pages, "hub") as client:
        board = (await client.get(f"/?tenant={OTHER}")).text
        nowhere = await client.get("/?tenant=no-such-tenant")

    assert "D-OPS" in board
    assert nowhere.status_code == 200


async def test_tells_an_operator_which_tenant_knows_what_the_chosen_one_does_not(
    pages: Pages, house: House
) -> None:
    await house.sell("D-WHOSE", tenant=OTHER, serial="SN-WHOSE")
    await house.shown("D-WHOSE", OTHER)
    async with house.browsing(pages, "hub") as client:
        nothing = await client.get("/trace", params={"q": "SN-WHOSE", "tenant": TENANT})
        there = f"/trace?q=SN-WHOSE&tenant={OTHER}"
        found = await client.get(there)
        nobody = await client.get("/trace", params={"q": "SN-NOBODY", "tenant": TENANT})
    async with house.browsing(pages) as client:
        tenants_own = await client.get("/trace", params={"q": "SN-WHOSE"})

    assert nothing.status_code == 404
    assert f"{OTHER} knows it" in html.unescape(nothing.text)
    assert there in html.unescape(nothing.text)
    assert found.status_code == 200
    assert "knows it" not in nobody.text
    assert OTHER not in tenants_own.text


NASTY = '"><img src=x onerror=alert(1)>'


async def test_shows_markup_in_what_tills_send_as_text(pages: Pages, house: House) -> None:
    await house.sell(f"D{NASTY}", serial=f"S{NASTY}", branch=f"B{NASTY}")
    await house.shown(f"D{NASTY}")
    async with house.browsing(pages) as client:
        board = await client.get("/")
        traced = await client.get("/trace", params={"q": f"D{NASTY}"})

    for page in (board, traced):
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert html.escape(NASTY[2:5]) in page.text


@pytest.mark.parametrize("asked", ["%00", "%00" * 10, "x" * 5000, "%E2%80%AE", "..", "a/b", "%2F"])
async def test_answers_whatever_is_looked_for(pages: Pages, house: House, asked: str) -> None:
    async with house.browsing(pages) as client:
        assert (await client.get(f"/trace?q={asked}")).status_code in (404, 303)


@pytest.mark.parametrize("wanted", ["//[", "/\\[", "//\u2100"])
async def test_shows_the_door_whatever_address_it_is_to_lead_back_to(
    pages: Pages, wanted: str
) -> None:
    async with stranger(pages) as client:
        door = await client.get("/sign-in", params={"next": wanted})

    assert (door.status_code, _asked_next(door.text)) == (200, "/")


@pytest.mark.parametrize("merchant", ["a\0b", "acme/", "ß" * 63, ""])
async def test_whoever_names_no_merchant_hears_what_everybody_hears(
    pages: Pages, merchant: str
) -> None:
    said = {"tenant": merchant, "email": "ada@example.org", "password": "a\0sentence"}
    async with stranger(pages) as client:
        told = await client.post("/sign-in", data=said)

    assert told.status_code in {401, 429}
    assert told.headers["content-type"].startswith("text/html")


async def test_reads_no_form_that_is_longer_than_a_form_of_ours(pages: Pages, house: House) -> None:
    async with stranger(pages) as client:
        body = "key=" + house.tokens[TENANT] + "&" + "x" * 100_000
        answer = await client.post("/sign-in", content=body)

    assert answer.status_code == 401


async def test_says_so_while_postgres_is_away(house: House) -> None:
    async with house.pages() as pages, house.browsing(pages) as client:
        await pages.web.board.database.close()
        answer = await client.get("/")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Postgres does not answer" in answer.text
