"""By which address tries are counted, whatever a caller makes up before our proxies."""

import pytest

from hub.access.peers import peer

PROXY, CALLER = "10.0.0.1", "198.51.100.7"


@pytest.mark.parametrize(
    ("forwarded", "hops", "counted"),
    [
        ([], 0, PROXY),
        ([CALLER], 0, PROXY),
        ([], 1, PROXY),
        ([CALLER], 1, CALLER),
        (["192.0.2.9", CALLER], 1, CALLER),
        ([f"192.0.2.9, {CALLER}"], 1, CALLER),
        (["192.0.2.9", f"{CALLER}, 10.0.0.2"], 2, CALLER),
        (["192.0.2.9"], 2, PROXY),
        ([f"192.0.2.9,{CALLER}:4711"], 1, CALLER),
        ([""], 1, PROXY),
        (["unknown"], 1, "unknown"),
    ],
)
def test_the_outermost_of_our_proxies_says_who_it_is(
    forwarded: list[str], hops: int, counted: str
) -> None:
    assert peer(PROXY, forwarded, hops) == counted


@pytest.mark.parametrize(
    "address", ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "[2001:db8:1:2::3]:443"]
)
def test_a_link_is_one_peer_whichever_of_its_addresses_it_shows(address: str) -> None:
    assert peer(address, [], 0) == peer(PROXY, [address], 1) == "2001:db8:1:2::/64"


def test_an_address_of_the_fourth_version_is_the_same_in_the_dress_of_the_sixth() -> None:
    assert peer("::ffff:198.51.100.7", [], 0) == CALLER
