"""A line of the decision log says the same when it is read again."""

from datetime import UTC, datetime

import msgspec

from hub.ledger.entries import NO_BODY, Entry, SaidEntry, decode, encode_lines

AT = datetime(2026, 1, 31, 10, tzinfo=UTC)


def an_entry(**more: object) -> Entry:
    said = (SaidEntry(1, "evt_1", "counted.v1", "cnt_1", msgspec.Raw(b'{"n":1}')),)
    plain = Entry(7, "e1", "count.asked.v1", "acme", "till", "home", "applied", AT, said=said)
    return msgspec.structs.replace(plain, **more)


def test_a_body_that_is_kept_is_read_again() -> None:
    entry = an_entry(body=msgspec.Raw(b'{"n":1}'))

    (read,) = decode(encode_lines([entry]))

    assert bytes(read.body) == b'{"n":1}'
    assert bytes(read.said[0].data) == b'{"n":1}'


def test_a_body_that_is_kept_elsewhere_takes_no_room() -> None:
    line = encode_lines([an_entry()])

    (read,) = decode(line)

    assert b"body" not in line
    assert bytes(read.body) == bytes(NO_BODY)
