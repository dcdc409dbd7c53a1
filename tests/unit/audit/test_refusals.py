"""What a refusal may say: enough to find it, nothing that a stranger could hide in it."""

import pytest

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
    one = refused("api", f"{odd}{'/x' * 5_000}", 404, odd, b"", principal=odd)

    assert decode(encode(one)) == one
    assert one.path.startswith("…/x/x")
    assert "\x00" not in one.reason
    assert len(one.path) == MAX_PATH
    assert len(one.reason) == MAX_REASON


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v1/warranties/wty_abcdefghijklmnop_12/status", None),
        ("/v1/privacy/erasures/per_0123456789abcdef0123456789abcdef", None),
        ("/v1/items/warranty.intake.v1/0/123", None),
        ("/sources/pos/acme", None),
        ("/v1/trace/Zephyrine Quillfeather", "/v1/trace/…"),
        ("/v1/trace/ada@example.org", "/v1/trace/…"),
        ("/v1/trace/05359610384/48291736450", "/v1/trace/…/…"),
        ("/v1/trace/tr390006299142817364509182", "/v1/trace/…"),
        ("/v1/trace/Ксения", "/v1/trace/…"),
    ],
)
def test_of_a_path_is_kept_what_cannot_be_a_person(path: str, kept: str | None) -> None:
    assert refused("api", path, 404, "", b"").path == (kept or path)
