"""What a refusal may say: enough to find it, nothing that a stranger could hide in it."""

from hub.audit.refusals import MAX_PATH, MAX_REASON, decode, encode, refused


def test_keeps_a_hash_and_a_size_and_never_the_body() -> None:
    one = refused("push", "/sources/pos/acme", 401, "bad signature", b'{"buyer":"Ann"}')

    assert (one.size, len(one.hash)) == (15, 64)
    assert b"Ann" not in encode(one)
    assert decode(encode(one)) == one


def test_cuts_off_the_query_for_it_may_name_people() -> None:
    assert refused("api", "/v1/warranties?email=a@b.c", 401, "", b"").path == "/v1/warranties"


def test_says_how_much_was_sent_where_less_was_read() -> None:
    assert refused("push", "/", 413, "too large", b"", size=3_000_000).size == 3_000_000


def test_two_refusals_never_share_an_id() -> None:
    assert len({refused("api", "/", 401, "", b"").id for _ in range(1_000)}) == 1_000


def test_takes_whatever_a_stranger_sends() -> None:
    odd = "\x00\ud800" + "x" * 5_000
    one = refused("api", odd, 404, odd, b"", principal=odd)

    assert decode(encode(one)) == one
    assert "\x00" not in one.path + one.reason
    assert len(one.path) == MAX_PATH
    assert len(one.reason) == MAX_REASON
