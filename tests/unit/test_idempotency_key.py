"""A key that was told back is the key that was given, and always a header that HTTP allows."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.idempotency import PATTERN, as_header, key_of

KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=200)


@given(KEYS)
def test_whoever_sends_the_key_they_were_told_means_the_same_request(key: str) -> None:
    told = as_header(key)

    assert key_of([told]) == key
    assert told == told.strip()
    assert re.fullmatch(PATTERN, told)


@pytest.mark.parametrize("given_key", ['" a"', '"a "', '"   "', r'"\"a"'])
def test_a_key_that_http_would_not_carry_bare_is_told_back_in_quotes(given_key: str) -> None:
    assert as_header(key_of([given_key])) == given_key


def test_a_key_that_needs_no_quotes_is_told_back_as_it_is() -> None:
    assert as_header(key_of(['"a b"'])) == "a b"
