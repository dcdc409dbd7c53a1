"""People sign in, go on, sign out, and forget: and nobody learns who is known."""

import asyncio
import statistics
import time

import pytest

from hub.access.keys import COMMAND
from hub.access.passwords import LONGEST, PasswordError, check
from hub.access.people import PersonNotPossibleError, change_role, deactivate
from hub.access.permissions import Role
from hub.adapters.postgres import Database
from hub.audit.entries import By
from tests.access.conftest import EMAIL, OTHER, PASSWORD, TENANT, Door

servers = pytest.mark.servers


@servers
async def test_an_invited_person_chooses_a_password_and_signs_in(door: Door) -> None:
    person = await door.somebody(role=Role.WARRANTY_MANAGER)

    begun = await door.begun()
    caller = await door.admission.bearer(await door.admission.access_token(begun))

    assert caller is not None
    assert (caller.tenant, caller.id, caller.role, caller.kind) == (
        TENANT,
        person,
        Role.WARRANTY_MANAGER,
        "person",
    )
    assert await door.audited() == [
        *("person:invited", "password:chosen", "login:succeeded"),
    ]


@servers
async def test_nothing_that_names_a_person_stands_readable(door: Door, database: Database) -> None:
    await door.somebody()
    await door.login(password="a wrong sentence entirely")  # noqa: S106 - an example
    door.admission.signing_in.forgot(TENANT, EMAIL)
    await door.admission.errands.done()

    for table in ("person", "person_session", "refresh_token", "single_use", "mail", "audit_entry"):
        said = str([dict(row) for row in await database.fetch(f"select * from {table}")])  # noqa: S608 - a name of ours
        # Three letters alone stand in sealed bytes now and then.
        assert EMAIL.partition("@")[0] + "@" not in said.lower()
        assert PASSWORD not in said


@servers
async def test_no_other_password_merchant_or_address_signs_in(door: Door) -> None:
    await door.somebody()

    assert await door.login() is not None
    assert await door.login(email=" ADA@Example.org ") is not None
    for email, password, tenant in (
        (EMAIL, PASSWORD + "!", TENANT),
        (EMAIL, PASSWORD.upper(), TENANT),
        (EMAIL, "", TENANT),
        (EMAIL, PASSWORD, OTHER),
        (EMAIL, PASSWORD, "nobody"),
        ("eve@example.org", PASSWORD, TENANT),
        (EMAIL, PASSWORD + "x" * 10_000, TENANT),
    ):
        assert await door.login(email, password, tenant) is None


@servers
async def test_who_was_only_invited_or_let_go_signs_in_nowhere(door: Door) -> None:
    await door.invited("new@example.org")
    await door.mails()
    person = await door.somebody("old@example.org")
    begun = await door.begun("old@example.org")
    async with door.database.transaction() as queries:
        await deactivate(queries, TENANT, person, COMMAND)

    assert await door.login("new@example.org") is None
    assert await door.login("old@example.org") is None
    assert await door.admission.bearer(await door.admission.access_token(begun)) is None
    assert await door.admission.sessions.renew(begun.refresh) is None


@servers
async def test_a_refresh_token_brings_the_next_and_an_old_one_ends_the_family(door: Door) -> None:
    await door.somebody()
    first = await door.begun()
    second = await door.admission.sessions.renew(first.refresh)
    assert second is not None
    token = await door.admission.access_token(second)
    assert await door.admission.bearer(token) is not None

    stolen = await door.admission.sessions.renew(first.refresh)

    assert stolen is None
    assert await door.admission.sessions.renew(second.refresh) is None
    assert await door.admission.bearer(token) is None
    assert (await door.audited())[-1] == "session:ended"


@servers
async def test_of_many_who_show_one_refresh_token_at_once_one_goes_on_at_most(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()

    renewed = await asyncio.gather(
        *(door.admission.sessions.renew(begun.refresh) for _ in range(8))
    )

    assert sum(one is not None for one in renewed) == 1


@servers
@pytest.mark.parametrize(
    "token",
    [
        "",
        "whr",
        "whr_acme",
        "whr_acme_",
        "whr__x",
        "whr_acme_x",
        "whr_globex_x",
        "é" * 90,
        "whr_" + "a" * 9_000,
    ],
)
async def test_no_refresh_token_of_somebody_elses_making_is_taken(door: Door, token: str) -> None:
    assert await door.admission.sessions.renew(token) is None


@servers
async def test_a_refresh_token_opens_nothing_at_another_merchant(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()

    assert await door.admission.sessions.renew(begun.refresh.replace(TENANT, OTHER)) is None
    assert await door.admission.sessions.renew(begun.refresh) is not None


@servers
async def test_signing_out_ends_the_session_for_good(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()
    token = await door.admission.access_token(begun)

    await door.admission.sessions.end(TENANT, begun.id, "signed out")

    assert await door.admission.bearer(token) is None
    assert await door.admission.sessions.renew(begun.refresh) is None


@servers
async def test_a_forgotten_password_is_chosen_anew_once_and_ends_every_session(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()
    door.admission.signing_in.forgot(TENANT, EMAIL)
    token, new = await door.token(), "another sentence nobody guesses"

    assert await door.admission.signing_in.choose(token, new)

    assert not await door.admission.signing_in.choose(token, "a third sentence nobody guesses")
    assert await door.admission.sessions.renew(begun.refresh) is None
    assert await door.login() is None
    assert await door.login(password=new) is not None
    assert "password:forgotten" in await door.audited()


@servers
async def test_the_last_mail_alone_is_good_and_for_half_an_hour(
    door: Door, database: Database
) -> None:
    await door.somebody()
    signing = door.admission.signing_in
    tokens = []
    for _ in range(2):
        signing.forgot(TENANT, EMAIL)
        tokens.append(await door.token())

    assert not await signing.choose(tokens[0], PASSWORD)
    await database.execute("update single_use set expires_at = clock_timestamp()")
    assert not await signing.choose(tokens[1], PASSWORD)


@servers
async def test_who_forgot_is_sent_nothing_where_nobody_is_known(door: Door) -> None:
    await door.invited("new@example.org")
    await door.mails()
    for email, tenant in (
        ("eve@example.org", TENANT),
        (EMAIL, "nobody"),
        ("new@example.org", TENANT),
    ):
        door.admission.signing_in.forgot(tenant, email)

    assert await door.mails() == []


@servers
async def test_a_failed_login_is_written_down_once_a_minute_and_names_no_address(
    door: Door, database: Database
) -> None:
    await door.somebody()
    for _ in range(3):
        await door.login(password="a wrong sentence entirely")  # noqa: S106 - an example
        await door.login(email="eve@example.org")
        await door.login(tenant="nobody")
    await door.admission.errands.done()

    rows = await database.fetch(
        "select * from audit_entry where action = 'login:failed' order by n"
    )

    assert [row["tenant"] for row in rows] == [TENANT, TENANT]
    assert rows[0]["subject"].startswith("usr_")
    assert rows[1]["subject"] == "nobody known"
    assert "192.0.2.1" not in str([dict(row) for row in rows])


@servers
async def test_an_unknown_address_takes_as_long_as_a_wrong_password(door: Door) -> None:
    await door.somebody()
    await door.login(email="warm@example.org")
    took: dict[str, list[float]] = {EMAIL: [], "eve@example.org": []}
    for _ in range(25):
        for email, times in took.items():
            began = time.perf_counter()
            await door.login(email, "a wrong sentence entirely")
            times.append(time.perf_counter() - began)

    ratio = statistics.median(took[EMAIL]) / statistics.median(took["eve@example.org"])
    assert 0.7 < ratio < 1.4


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 11, "aaaaaaaaaaaaaaaa", "x" * (LONGEST + 1), "x" * 10_000]
)
def test_what_is_too_short_too_long_or_too_plain_is_no_password(password: str) -> None:
    began = time.perf_counter()
    with pytest.raises(PasswordError):
        check(password)
    assert time.perf_counter() - began < 0.01


@servers
async def test_nobody_chooses_his_own_address_and_the_mail_is_good_still(door: Door) -> None:
    address = "ada.lovelace@example.org"
    await door.invited(address)
    token, signing = await door.token(), door.admission.signing_in

    for password in (address, address.upper(), "ada.lovelace"):
        with pytest.raises(PasswordError):
            await signing.choose(token, password)

    assert await signing.choose(token, PASSWORD)


@servers
async def test_a_login_that_is_overtaken_by_a_new_password_begins_no_session(door: Door) -> None:
    person = await door.somebody()
    signing, slow = door.admission.signing_in, asyncio.Event()
    fits = signing.passwords.fits

    async def held(password: str, kept: str | None) -> bool:
        same = await fits(password, kept)
        await slow.wait()
        return same

    signing.forgot(TENANT, EMAIL)
    token = await door.token()
    signing.passwords.fits = held  # type: ignore[method-assign]
    entering = asyncio.create_task(door.login())
    await asyncio.sleep(0.3)
    assert await signing.choose(token, "another sentence nobody guesses")
    slow.set()

    assert await entering is None
    open_ones = "select count(*)::int from person_session where person = $1 and ended_at is null"
    assert await door.database.fetchval(open_ones, person) == 0


@servers
async def test_owners_who_let_each_other_go_at_once_leave_one(door: Door) -> None:
    ann = await door.somebody("ann@example.org", Role.OWNER)
    ben = await door.somebody("ben@example.org", Role.OWNER)

    async def let_go(who: str, by: str) -> bool:
        asked = By(kind="person", id=by, role=Role.OWNER)
        try:
            async with door.admission.database.transaction_for(TENANT) as queries:
                await deactivate(queries, TENANT, who, asked)
                await asyncio.sleep(0.2)
        except PersonNotPossibleError:
            return False
        return True

    done = await asyncio.gather(let_go(ann, ben), let_go(ben, ann))

    assert sorted(done) == [False, True]


@servers
async def test_an_owner_who_never_came_is_no_owner_to_leave_it_to(door: Door) -> None:
    ann = await door.somebody("ann@example.org", Role.OWNER)
    await door.invited("ben@example.org", Role.OWNER)
    asked = By(kind="person", id=ann, role=Role.OWNER)

    async with door.database.transaction() as queries:
        with pytest.raises(PersonNotPossibleError, match="last owner"):
            await deactivate(queries, TENANT, ann, asked)
        with pytest.raises(PersonNotPossibleError, match="last owner"):
            await change_role(queries, TENANT, ann, Role.SALES_STAFF, asked)
