"""E7: what stands where nobody gave an address."""

from hub.domain.placeholders import is_placeholder, placeholder_email, placeholder_phone


def test_the_same_cause_gives_the_same_and_another_cause_another() -> None:
    assert placeholder_email("acme", "O-1") == placeholder_email("acme", "O-1")
    made = {placeholder_email("acme", f"O-{n}") for n in range(1000)}
    made |= {placeholder_phone("acme", f"O-{n}") for n in range(1000)}
    assert len(made) == 2000


def test_reaches_nobody_and_is_seen_to_be_made_up() -> None:
    email, phone = placeholder_email("acme"), placeholder_phone("acme")
    assert email.endswith(".invalid")
    assert is_placeholder(email)
    assert is_placeholder(email.upper())
    assert is_placeholder(phone)
    assert len(phone) == len("+905443332211") + 2
    assert not is_placeholder("ayse@example.com")
    assert not is_placeholder("+905443332211")
