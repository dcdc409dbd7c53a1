"""How each simulated receiver answers, and that none of them keeps a run from its end."""

import random

import pytest

from hub.dev.simulator.behaviour import (
    MISDEEDS,
    MOST_TROUBLES,
    NEVER,
    SLOWEST,
    Behaviour,
    Dead,
    Fast,
    Flaky,
    Limited,
    Malicious,
    Reply,
    Slow,
    Troubles,
    Window,
)


class Unlucky(random.Random):
    """Whatever can go wrong does."""

    def random(self) -> float:
        return 0.0


def until_taken(behaviour: Behaviour, message: str, now: float = 1_000.0) -> list[Reply]:
    """Every reply to a message, tried a second apart."""
    found = [behaviour.reply(message, now)]
    while not found[-1].takes:
        found.append(behaviour.reply(message, now + len(found)))
    return found


def test_the_fast_one_takes_all_at_once() -> None:
    assert until_taken(Fast(), "msg_1") == [Reply("taken", Fast().reply("", 0).sends, takes=True)]


def test_the_slow_one_takes_all_after_a_while() -> None:
    replies = [Slow(random.Random(1)).reply("msg_1", 0) for _ in range(100)]  # noqa: S311 - a test
    shortest, longest = SLOWEST
    assert all(one.takes and shortest <= one.after <= longest for one in replies)


def test_the_flaky_one_takes_in_the_end_what_comes_again_and_again() -> None:
    flaky = Flaky(Unlucky())
    for _ in range(2):
        names = [one.name for one in until_taken(flaky, "msg_1")]
        assert names == ["unavailable"] * MOST_TROUBLES + ["taken"]


def test_the_flaky_one_is_in_trouble_now_and_then() -> None:
    flaky = Flaky(random.Random(7))  # noqa: S311 - a test
    replies = [flaky.reply(f"msg_{number}", 0) for number in range(200)]
    assert 20 < sum(not one.takes for one in replies) < 60


def test_the_limited_one_says_when_there_is_room_again() -> None:
    limited = Limited(Window(2))
    replies = [limited.reply("msg", 1_000.25) for _ in range(3)]
    assert [one.takes for one in replies] == [True, True, False]
    assert b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n" in replies[-1].sends
    assert limited.reply("msg", 1_001.0).takes


def test_the_limited_one_asks_for_what_is_a_moment_where_pauses_are_scaled() -> None:
    limited = Limited(Window(0), scale=0.001)
    assert b"retry-after: 750\r\n" in limited.reply("msg", 1_000.25).sends


def test_the_dead_one_never_answers() -> None:
    reply = Dead().reply("msg_1", 0)
    assert (reply.takes, reply.after, reply.sends) == (False, NEVER, b"")


@pytest.mark.parametrize("message", [f"msg_{number}" for number in range(8)])
def test_the_malicious_one_does_another_misdeed_each_time_and_takes_it_in_the_end(
    message: str,
) -> None:
    *misdeeds, taken = [one.name for one in until_taken(Malicious(), message)]
    assert len(misdeeds) == len(set(misdeeds)) == MOST_TROUBLES
    assert set(misdeeds) < {make().name for make in MISDEEDS}
    assert taken in {"endless_body", "says_error"}


def test_the_malicious_one_knows_every_misdeed() -> None:
    names = {
        one.name
        for number in range(50)
        for one in until_taken(Malicious(), f"msg_{number}", 1_000.0)
    }
    assert names == {make().name for make in MISDEEDS} | {"endless_body", "says_error"}


def test_the_malicious_one_takes_what_it_has_no_time_to_harm() -> None:
    malicious = Malicious(window=Window(2))
    replies = [malicious.reply(f"msg_{number}", 1_000.5) for number in range(5)]
    assert [one.takes for one in replies] == [False, False, True, True, True]


def test_troubles_with_one_message_are_none_with_another() -> None:
    troubles = Troubles(most=1)
    assert (troubles.next("a"), troubles.next("b")) == (0, 0)
    assert (troubles.next("a"), troubles.next("a")) == (None, 0)
