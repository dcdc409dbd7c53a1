"""For how long an endpoint has failed, as its owner reads it."""

import pytest

from hub.delivery.health import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (120 * 3_600.0, "120 hours"),
        (130.7 * 3_600, "130 hours"),
        (432.6, "7 minutes"),
        (119.9, "119 seconds"),
        (0.43, "a moment"),
    ],
)
def test_says_how_long_it_was_and_never_more(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
