"""The countries that Euregio knows: those of include/codes/country.csv."""

from __future__ import annotations

import csv
import functools

from euregio.settings import PROJECT

PATH = PROJECT / "include" / "codes" / "country.csv"


@functools.cache
def known_countries() -> frozenset[str]:
    """Their ISO 3166-1 alpha-2 codes."""
    with PATH.open(encoding="utf-8") as codes:
        return frozenset(row["alpha2"] for row in csv.DictReader(codes))
