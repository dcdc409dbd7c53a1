"""A page is what was asked for, and says where the next one begins if there is one."""

from hub.api.numbered import cut


def test_a_page_with_more_behind_it_leads_on_from_its_last() -> None:
    assert cut([5, 4, 3], 2, str) == ([5, 4], "4")


def test_the_last_page_leads_nowhere() -> None:
    assert cut([5, 4], 2, str) == ([5, 4], None)
    assert cut([], 2, str) == ([], None)
