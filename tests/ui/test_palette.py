"""Every pair of colours that is used as text can be read, by day and by night."""

import re
from importlib.resources import files

import pytest

TEXT, SIGN = 4.5, 3.0
"""WCAG 2.2 AA: for text, and for what is drawn."""
PAIRS = [
    ("ink", "ground"),
    ("ink", "card"),
    ("ink", "line"),
    ("quiet", "ground"),
    ("quiet", "card"),
    ("accent", "ground"),
    ("accent", "card"),
    ("on-accent", "accent"),
    *((level, on) for level in ("fine", "look", "act") for on in ("card", "ground")),
    *((level, f"{level}-soft") for level in ("fine", "look", "act")),
    ("ink", "fine-soft"),
    ("quiet", "fine-soft"),
]
DRAWN = [
    ("edge", "card"),
    ("edge", "ground"),
    ("of-applied", "card"),
    *((level, "card") for level in ("fine", "look", "act")),
]


def palettes() -> dict[str, dict[str, str]]:
    """The colours by name, light and dark."""
    sheet = files("hub.web").joinpath("assets", "board.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", one)) for one in blocks)
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_measures_contrast_as_the_guideline_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [(*pair, TEXT) for pair in PAIRS] + [(*pair, SIGN) for pair in DRAWN],
)
def test_can_be_read(scheme: str, front: str, back: str, least: float) -> None:
    palette = palettes()[scheme]

    assert contrast(palette[front], palette[back]) >= least


def test_names_every_colour_it_uses() -> None:
    sheet = files("hub.web").joinpath("assets", "board.css").read_text()

    used, named = set(re.findall(r"var\(--([\w-]+)\)", sheet)), set(palettes()["light"])

    assert used <= named
    assert set(palettes()["dark"]) == named
    assert not re.findall(r"#[0-9a-f]{3,6}", sheet.partition("*, *::before")[2])
