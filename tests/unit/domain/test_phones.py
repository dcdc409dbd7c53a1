"""E9: how phone numbers are read."""

import pytest

from hub.domain.errors import RejectedError
from hub.domain.phones import COUNTRIES, EXAMPLES, Country, Phone, read_phone

PUBLISHED = ["544 333 22 11", "5443332211", "+905443332211", "905443332211", "05443332211"]


@pytest.mark.parametrize("written", PUBLISHED)
@pytest.mark.parametrize("country", [None, "TR"])
def test_reads_the_five_published_forms_as_one_number(
    written: str, country: Country | None
) -> None:
    assert read_phone(written, country) == Phone("+905443332211")


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("TR", "0 (544) 333-22-11", "+905443332211"),
        ("US", "(212) 555-0123", "+12125550123"),
        ("DE", "0151 12345678", "+4915112345678"),
        ("GB", "07400 123456", "+447400123456"),
        ("AE", "050 123 4567", "+971501234567"),
        ("NL", "06 12345678", "+31612345678"),
        ("FR", "06 12 34 56 78", "+33612345678"),
        ("UZ", "91 234 56 78", "+998912345678"),
    ],
)
def test_reads_each_country_as_it_is_dialled_there(
    country: Country, written: str, number: str
) -> None:
    assert read_phone(written, country) == Phone(number)
    assert read_phone(number.removeprefix("+"), country) == Phone(number)


def test_every_country_has_an_example_that_is_read_as_itself() -> None:
    assert set(EXAMPLES) == set(COUNTRIES)
    for country, number in EXAMPLES.items():
        assert read_phone(number, country) == Phone(number)


def test_a_number_that_names_its_country_wins_over_the_one_beside_it() -> None:
    assert read_phone("+49 151 12345678", "TR") == Phone("+4915112345678", elsewhere=True)
    assert read_phone("0049 151 12345678", "TR") == Phone("+4915112345678", elsewhere=True)


def test_nothing_is_won_where_nobody_named_a_country() -> None:
    assert read_phone("+49 151 12345678") == Phone("+4915112345678")


def test_digits_of_other_scripts_are_digits() -> None:
    assert read_phone("\u0660\u0665\u0664\u0664 333 22 11") == Phone("+905443332211")


@pytest.mark.parametrize("written", ["", "12", "hello", "+", "+0", "5" * 39, "544 333 22 11 22 33"])
def test_says_what_to_do_where_no_number_can_be_made_out(written: str) -> None:
    with pytest.raises(RejectedError, match="write it like") as refused:
        read_phone(written)
    assert refused.value.reasons[0].code == "phone_unreadable"
    assert len(written) < 5 or written not in str(refused.value)
