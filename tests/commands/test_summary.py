"""The table that ends a run: every side, the whole and every contrast, readable at 80 and at 100 columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from euregio.commands.summary import summary
from euregio.declarations.regions import load_region
from euregio.indicators.registry import load_indicator
from euregio.indicators.values import Measured, Value, contrast_unit, judge
from euregio.settings import Settings
from euregio.storage.layer import open_layer

#: What an SQL could have given for the Upper Rhine: by indicator, the numbers of each side (facing, dimension, value, n, coverage).
MEASURED = {
    "point_density": {
        ("de", None, ""): Measured(40.4567, 3600, 0.996), ("fr", None, ""): Measured(20.0, 800, 1.0),
        ("ch", None, ""): Measured(60.0, 1200, 1.0), ("whole", None, ""): Measured(1123456.4, 5600, 0.98),
    },
    "status_unknown_share": {
        ("de", None, ""): Measured(0.5, 60, 0.04), ("fr", None, ""): Measured(0.0, 60, 1.0),
        ("ch", None, ""): Measured(0.25, 60, 1.0), ("whole", None, ""): Measured(0.3, 180, 0.6),
    },
    "nearest_fast_across": {
        **{("de", other, "median"): Measured(4.0, 60, 1.0) for other in ("fr", "ch")},
        **{("fr", other, "median"): Measured(8.0, 60, 1.0) for other in ("de", "ch")},
        **{("ch", other, "median"): Measured(6.0, 60, 1.0) for other in ("de", "fr")},
        ("whole", None, "median"): Measured(5.0, 360, 1.0),
    },
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A layer with three indicators of one region."""
    for name in ("EUREGIO_ZONES", "EUREGIO_LAYER_CATALOGUE", "EUREGIO_LAYER_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    region, settings = load_region("upper-rhine"), Settings()
    with open_layer(settings, read_only=False) as con:
        for name, measured in MEASURED.items():
            indicator = load_indicator(name)
            for one in judge(indicator, region, measured, {}):
                unit = contrast_unit(indicator) if one.side_kind == "contrast" else indicator.header.unit
                found = one.measured
                value = Value(
                    "charging", name, "1.0.0", region.id, one.side_id, one.side_kind, "2026-11-20", one.dimension, found.value,
                    unit, found.n, found.coverage, "withheld" if found.value is None else "published", found.reason, "[]", "run",
                    datetime(2026, 11, 20, tzinfo=UTC),
                )  # fmt: skip
                marks = ", ".join("?" * len(vars(value)))
                con.execute(
                    f"INSERT INTO indicators.value ({', '.join(vars(value))}) VALUES ({marks})",
                    list(vars(value).values()),
                )
    return settings


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_of_its_tables_is_wider_than_the_terminal(settings: Settings, width: int) -> None:
    lines = [one.text for one in summary(settings, width)]
    tables = lines[: next(n for n, line in enumerate(lines) if line.startswith("Layer"))]
    assert max(map(len, tables)) <= width
    assert all(line == line.rstrip() for line in tables)


@pytest.mark.parametrize("width", [80, 120])
def test_each_indicator_has_its_title_id_unit_sides_whole_and_contrasts(settings: Settings, width: int) -> None:
    text = "\n".join(one.text for one in summary(settings, width))
    assert "Recharging points per 100 km² · point_density\n" in text
    row = re.search(r"points per 100 km² +40\.5 +20 +60 +1,123,456 .*", text)
    assert row, text
    # the floor of 0.996 is not all of it
    assert re.search(r"5,600 +98 %$", row[0])
    shown = text[row.start() :] if width == 80 else row[0]
    for pair, contrast in (("de:fr", "2×"), ("de:ch", "0.67×"), ("fr:ch", "0.33×")):
        assert (f"{pair} {contrast}" if width == 80 else f" {contrast}") in shown
    assert re.search(r"half\s+of\s+the\s+points,\s+towards\s+fr +4 +6 +120 +100 %$", text, re.M)


def test_a_withheld_value_is_a_dash_with_its_reason_said_once_and_zero_is_a_number(settings: Settings) -> None:
    text = "\n".join(one.text for one in summary(settings, 100))
    found = re.search(
        r"Share of time with unknown status.*\n +% +– +0 +25 +– .*\n(?:.*\n)??.*– de: coverage 4 % [^:\n]*$",
        text,
        re.M,
    )
    assert found, text
    assert text.count("coverage 4 %") == 1
    assert "-25" in text, "the contrast of the two sides that are known"


def test_a_region_without_values_says_so(settings: Settings) -> None:
    lines = [one.text for one in summary(settings)]
    assert lines[lines.index("Pyrenees") + 1].strip() == "no indicators yet"
