"""What is wrong in a declaration is said with file, line, field, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from euregio.declarations import corrections, profiles, regions, tables
from euregio.declarations.datasets import checked_period, dataset, load_dataset
from euregio.errors import DeclarationError

GOOD = """\
title: "A register"
publisher: "An office"
format: irve-static
rhythm: P1D
time_zone: Europe/Paris
source:
  url: https://example.org/data.csv
licence:
  id: CC-BY-4.0
release:
  access: open
  fields: [identity, place]
"""


def said(folder: Path, text: str, name: str = "charging__office.yaml", country: str = "xx") -> str:
    path = folder / country / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(DeclarationError) as error:
        load_dataset(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_good_declaration_takes_its_names_from_its_place(tmp_path: Path) -> None:
    (tmp_path / "xx").mkdir()
    path = tmp_path / "xx" / "charging__office.yaml"
    path.write_text(GOOD)
    found = load_dataset(path)
    assert (found.id, found.country, found.theme, found.country_code, found.host) == (
        "xx.charging__office",
        "xx",
        "charging",
        "XX",
        "example.org",
    )


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("title: ", "title: [", ("charging__office.yaml line", "not YAML")),
        ("rhythm: P1D", "rhythm: daily", ("line 4", "field rhythm", "daily")),
        ("rhythm: P1D", "rhythm: PT7M", ("line 4", "field rhythm", "found PT7M", "expected", "minutes that divide 60")),
        ("rhythm: P1D", "rhythm: P2D", ("line 4", "field rhythm", "found P2D", "evenly")),
        ("rhythm: P1D", "rhythm: 1", ("line 4", "field rhythm", "here belongs text")),
        (
            "rhythm: P1D",
            "rythm: P1D",
            ("field rhythm", "is missing", "line 4, rythm: no such field; perhaps rhythm is meant"),
        ),
        ("format: irve-static", "format: [a]", ("line 3", "field format", "here belongs text")),
        ("Europe/Paris", "Europe/Pariss", ("line 5", "field time_zone", "IANA", "Europe/Pariss")),
        ("access: open", "access: public", ("line 11", "field release.access", "public", "open")),
        ("fields: [identity, place]", "fields: []", ("line 12", "field release.fields", "at least 1")),
        (
            "fields: [identity, place]",
            "fields: [identity, place]\n  grain: town",
            ("line 13", "field release.grain", "town", "nuts3"),
        ),
        ("  id: CC-BY-4.0", "  id: CC BY", ("line 9", "field licence.id", "CC BY")),
        ("  id: CC-BY-4.0", "  id: CC-BY-4.0\n  note: x", ("line 10", "field licence.note", "no such field")),
        ("https://example.org/data.csv", "ftp://example.org/x", ("line 7", "field source.url", "ftp://")),
    ],
)
def test_an_error_names_file_line_field_found_and_expected(
    tmp_path: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    text = said(tmp_path, GOOD.replace(old, new, 1))
    for part in ("charging__office.yaml", *parts):
        assert part in text, text


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "\x00\x01", "a: &x [*x, *x]\n"])
def test_what_is_no_mapping_is_said_so(tmp_path: Path, text: str) -> None:
    assert "charging__office.yaml" in said(tmp_path, text)


@pytest.mark.parametrize(
    "name", ["office.yaml", "Charging__office.yaml", "charging_office.yaml", "charging__Office.yaml"]
)
def test_a_file_that_is_not_named_by_theme_and_publisher_is_refused(tmp_path: Path, name: str) -> None:
    assert "include/datasets/<cc>/<theme>__<publisher>.yaml" in said(tmp_path, GOOD, name)


def test_a_folder_that_is_no_country_is_refused(tmp_path: Path) -> None:
    assert "<cc>" in said(tmp_path, GOOD, country="france")


@pytest.mark.parametrize(
    "name",
    ["xx.charging__nobody", "", "de", "../../etc.charging__x", "de.charging__bnetza/../x", "de.charging__bnetza\n"],
)
def test_an_unknown_dataset_names_the_known_ones(name: str) -> None:
    with pytest.raises(DeclarationError, match="no such dataset") as error:
        dataset(name)
    assert "charging__" in str(error.value)


def test_unknown_names_of_other_kinds_are_said_with_the_known_ones() -> None:
    with pytest.raises(DeclarationError, match=r"no such table.*recharging_point"):
        tables.load_table("chargers")
    with pytest.raises(DeclarationError, match=r"no such profile.*sandbox"):
        profiles.load_profile("../live")
    with pytest.raises(DeclarationError):
        regions.load_region("atlantis")


def test_a_profiles_variable_without_a_value_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE_SET", raising=False)
    assert profiles.expanded("${NOWHERE_SET:-there}") == "there"
    with pytest.raises(DeclarationError, match="NOWHERE_SET"):
        profiles.expanded("${NOWHERE_SET}/x")


@pytest.mark.parametrize("period", ["2026", "2026-11", "2026-11-20", "2026-11-20T06:15Z"])
def test_a_period_is_a_year_month_day_or_instant(period: str) -> None:
    assert checked_period(period) == period


@pytest.mark.parametrize(
    "period",
    [
        "",
        "2026-13",
        "2026-02-30",
        "2026-1-1",
        "2026-11-20T25:00Z",
        "x' OR '1'='1",
        "../../etc",
        "2026-11-20\n",
        "latest",
    ],
)
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(DeclarationError, match="not a period"):
        checked_period(period, "de.charging__bnetza")


def test_a_correction_needs_what_from_to_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "FOLDER", tmp_path)
    (tmp_path / "xx").mkdir()
    whole = "table: recharging_point\ncorrections:\n- id: moved\n  match: {point_id: A}\n  set: {city: Bonn}\n  expect: {city: Bnn}\n  why: the town's own register says so\n"
    path = tmp_path / "xx" / "charging__office.yaml"
    path.write_text(whole)
    assert [item.id for item in corrections.corrections_of("xx.charging__office", "recharging_point")] == ["moved"]
    assert corrections.corrections_of("xx.charging__office", "tariff") == ()
    for lost in ("match", "set", "expect", "why"):
        path.write_text("\n".join(line for line in whole.splitlines() if not line.strip().startswith(lost)))
        with pytest.raises(DeclarationError, match=rf"charging__office.yaml line \d+, field corrections.0.{lost}"):
            corrections.corrections_of("xx.charging__office", "recharging_point")
