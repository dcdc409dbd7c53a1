"""How far a projection is says something of the events of its own topic, and of no other's."""

from hub.trail.figures import Figures
from schemas.topics import CATALOG_STATUS, WARRANTY_STATUS

FIGURES = Figures(projections={("activity", 2): 9, ("activity", 1): 4, ("gone", 2): 7})


def test_a_projection_shows_what_it_reads() -> None:
    assert FIGURES.projected(WARRANTY_STATUS.name, 2) == [("activity", 9)]


def test_a_product_is_not_shown_by_what_reads_warranties_alone() -> None:
    assert FIGURES.projected(CATALOG_STATUS.name, 2) == []
