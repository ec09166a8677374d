"""Eurostat's population and vehicle stock as SDMX-CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_rows import rows_of

from euregio.errors import DecodeError

CASES = Path(__file__).parent / "eurostat"


def people(name: str = "population.csv") -> dict[tuple, dict]:
    rows = rows_of("eurostat-population", CASES / name, "nuts_code", "reference_year", "inhabitants_count")
    return {(row["nuts_code"], row["reference_year"]): row for row in rows}


def vehicles(name: str) -> dict[tuple, dict]:
    rows = rows_of(
        "eurostat-vehicles",
        CASES / name,
        "nuts_code",
        "reference_year",
        "vehicle_category",
        "powertrain",
        "vehicles_count",
    )
    return {(row["nuts_code"], row["vehicle_category"], row["powertrain"], row["_verdict"]): row for row in rows}


def test_both_sexes_and_all_ages_are_inhabitants_and_breakdowns_are_no_rows() -> None:
    rows = people()
    assert rows["DEA2D", 2025]["inhabitants_count"] == 560000
    assert rows["DEA2D", 2024]["inhabitants_count"] == 558000
    assert sum(code == "DEA2D" for code, _ in rows) == 2


def test_a_value_not_published_is_null_and_never_zero() -> None:
    rows = people()
    assert (rows["NL423", 2025]["inhabitants_count"], rows["NL423", 2025]["_verdict"]) == (None, "admitted")
    assert rows["BE224", 2025]["inhabitants_count"] is None


def test_thousands_are_counted_out() -> None:
    assert people()["LU", 2025]["inhabitants_count"] == 681973


@pytest.mark.parametrize(
    ("code", "year", "reason"),
    [
        ("EU27_2020", 2025, "place_is_no_nuts_region"), ("FRF11", None, "period_is_no_year"),
        ("FRF12", 2025, "unreadable_value"), ("ES212", 2025, "value_is_no_count"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_region_in_a_year_is_quarantined(code: str, year: int | None, reason: str) -> None:
    row = people()[code, year]
    assert row["_verdict"] == "quarantined"
    assert reason in row["_reasons"]


def test_sdmx_csv_2_and_labels_beside_codes_are_understood() -> None:
    assert people("population-2.0.csv")["DE", 2025]["inhabitants_count"] == 83_500_000


def test_petrol_and_diesel_plug_ins_together_are_phev() -> None:
    rows = vehicles("cars.csv")
    assert rows["DE", "M1", "BEV", "admitted"]["vehicles_count"] == 1_650_000
    assert rows["DE", "M1", "PHEV", "admitted"]["vehicles_count"] == 960_000
    assert rows["EL", "M1", "PHEV", "admitted"]["vehicles_count"] == 30_000


def test_a_part_without_a_value_leaves_the_sum_unknown() -> None:
    assert vehicles("cars.csv")["FR", "M1", "PHEV", "admitted"]["vehicles_count"] is None


def test_new_registrations_and_aggregates_of_countries_are_quarantined() -> None:
    rows = vehicles("cars.csv")
    assert rows["DE", "M1", "BEV", "quarantined"]["_reasons"] == ["new_registrations_are_no_stock"]
    assert "place_is_no_nuts_region" in rows["EU27_2020", "M1", "BEV", "quarantined"]["_reasons"]
    assert len(rows) == 7


def test_light_lorries_are_vans_and_heavy_ones_are_not_of_the_table() -> None:
    rows = vehicles("vans.csv")
    assert rows["NL", "N1", "BEV", "admitted"]["vehicles_count"] == 40_000
    assert "unmapped_vehicle_category" in rows["NL", None, "BEV", "quarantined"]["_reasons"]
    assert len(rows) == 2


@pytest.mark.parametrize("format_name", ["eurostat-population", "eurostat-vehicles"])
def test_another_csv_is_refused(format_name: str) -> None:
    with pytest.raises(DecodeError, match="no header"):
        rows_of(format_name, CASES / "nothing-to-do-with-it.csv")
