"""Who decides a claim says whether its customer is written of it."""

import json
from typing import Any

import pytest

from hub.access.permissions import Role
from tests.api.claims import MANAGER, filed, post, sold
from tests.api.conftest import Api

pytestmark = pytest.mark.servers
BATCHES = "select convert_from(body, 'utf8') as body from ledger where kind = 'batch' order by n"
WAYS: dict[str, dict[str, Any]] = {
    "deny": {"reason": "customer_damage", "why": "the housing is broken"},
    "approve": {"resolutions": [{"kind": "repair"}], "why": "it is worn"},
    "questions": {"text": "Since when does it not charge?"},
}


async def told_of(api: Api, claim: str) -> list[Any]:
    """What stands in each state that was told of a claim, under `notify_customer`."""
    rows = await api.database.fetch(BATCHES)
    entries = [json.loads(line) for row in rows for line in row["body"].splitlines() if line]
    said = [one for entry in entries for one in entry.get("said", ()) if one["subject"] == claim]
    return [one["data"].get("notify_customer") for one in said if "issue" in one["data"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("notify", [False, True, None])
async def test_what_is_said_about_the_customer_is_told_with_each_step(
    api: Api,
    way: str,
    notify: bool | None,  # noqa: FBT001 - what is tried
) -> None:
    claim = await filed(api, await sold(api, f"NC-{way}-{notify}"))
    wish: dict[str, Any] = {} if notify is None else {"notify_customer": notify}
    done = await post(api, f"/v1/claims/{claim}/{way}", MANAGER, **WAYS[way], **wish)

    assert done.status_code == 201, done.text
    assert await told_of(api, claim) == [None, notify, notify]


async def test_only_yes_or_no_is_an_answer(api: Api) -> None:
    claim = await filed(api, await sold(api, "NC-odd"))
    refused = await post(
        api, f"/v1/claims/{claim}/deny", Role.OWNER, **WAYS["deny"], notify_customer="no"
    )

    assert (refused.status_code, await told_of(api, claim)) == (422, [None])
