"""Says values in a sentence, from the templates in an indicator's header, with numbers as the language writes them."""

from __future__ import annotations

import math

from euregio.declarations.regions import WHOLE, Region
from euregio.indicators.registry import Indicator, Sentence

#: Thousands and decimal separators by language; English where a language is not listed.
SEPARATORS = {"en": (",", "."), "de": (".", ","), "nl": (".", ","), "es": (".", ","), "fr": (" ", ",")}
#: How a place is named within a sentence.
_SIDE = {"en": "the {name}"}
_WHOLE = {
    "en": "the whole of {name}",
    "de": "{name} im Ganzen",
    "nl": "heel {name}",
    "fr": "l’ensemble {name}",
    "es": "el conjunto {name}",
}
#: Two values this close (relative) are said to be alike.
ALIKE = 0.05


def number(value: float, language: str = "en", digits: int = 3) -> str:
    """A number with at most `digits` significant digits, as the language writes it; whole numbers are not cut."""
    thousands, decimal = SEPARATORS.get(language, SEPARATORS["en"])
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "?"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def shown(indicator: Indicator, value: float, language: str = "en") -> str:
    """A value of the indicator as sentences show it: a percentage where its header says so. The unit is the template's."""
    return f"{number(100 * value, language)} %" if indicator.header.shown_as == "percent" else number(value, language)


def place(region: Region, side_id: str, language: str = "en") -> str:
    """A side, or the whole region, as sentences name it."""
    if side_id == WHOLE:
        return _WHOLE.get(language, _WHOLE["en"]).format(name=region.name(language))
    return _SIDE.get(language, "{name}").format(name=region.side(side_id).name(language))


def say_value(
    indicator: Indicator, region: Region, side_id: str, value: float, dimension: str = "", language: str = "en"
) -> str:
    """The sentence of one side's or the whole's value."""
    return _sentence(
        _templates(indicator, language).value, place=place(region, side_id, language), value=shown(indicator, value, language),
        dimension=dimension_of(indicator, dimension, language),
    )  # fmt: skip


def say_contrast(
    indicator: Indicator,
    region: Region,
    sides: tuple[str, str],
    values: tuple[float, float],
    dimension: str = "",
    language: str = "en",
) -> str:
    """The sentence that sets two sides against each other. `values` are the sides' values, not the contrast's.

    Values on different sides of the header's `turns_at` have a template of their own: they say opposite things.
    Where the smaller value is zero and the template tells how many times, the two values are said one after the other.
    """
    templates, turn = _templates(indicator, language), indicator.header.turns_at
    (high, above), (low, below) = sorted(zip(sides, values, strict=True), key=lambda pair: -pair[1])
    alike = above == below or (below > 0 and above / below < 1 + ALIKE)
    template = templates.even if alike else templates.contrast
    # A value that is alike to the turn lies on neither side of it.
    if turn and templates.across and above > turn * (1 + ALIKE) and below < turn / (1 + ALIKE):
        template = templates.across
    if "{times}" in template and below <= 0:
        return " ".join(
            say_value(indicator, region, s, v, dimension, language) for s, v in ((high, above), (low, below))
        )
    return _sentence(
        template, high=place(region, high, language), low=place(region, low, language), high_value=shown(indicator, above, language),
        low_value=shown(indicator, below, language), times=number(above / below, language, 2) if below > 0 else "",
        dimension=dimension_of(indicator, dimension, language),
    )  # fmt: skip


def dimension_of(indicator: Indicator, dimension: str, language: str = "en") -> str:
    """The label of a stored dimension; `median to nl` has the label of `median`."""
    return indicator.dimension(
        dimension if dimension in indicator.header.dimensions else dimension.partition(" to ")[0], language
    )


def _templates(indicator: Indicator, language: str) -> Sentence:
    return indicator.header.sentence.get(language) or indicator.header.sentence["en"]


def _sentence(template: str, **values: str) -> str:
    text = template.format(**values)
    return text[:1].upper() + text[1:]
