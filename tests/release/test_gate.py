"""The gate: what is not named stays in the zone."""

from __future__ import annotations

import pytest

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import load_table
from euregio.errors import ReleaseError
from euregio.release.gate import passage

TABLE = load_table("recharging_point")


def dataset(**changes: object) -> Dataset:
    facts: dict[str, object] = {
        "title": "A register", "publisher": "An office", "format": "irve-static", "rhythm": "P1D",
        "source": {"url": "https://example.org/data.csv"}, "licence": {"id": "CC-BY-4.0"},
        "release": {"access": "open", "fields": ["identity", "place", "place_exact", "power"]},
    }  # fmt: skip
    return Dataset.model_validate({**facts, **changes}).model_copy(update={"id": "xx.charging__office", "country": "xx"})


def test_named_tags_cross_and_others_do_not() -> None:
    through = passage(dataset(), TABLE)
    assert '"power_kw"' in through.projection
    assert 'CAST(NULL AS VARCHAR) AS "operator_name"' in through.projection
    assert {"operator_name", "operator_id", "opening_hours"} <= set(through.withheld_columns)


def test_a_dataset_without_a_licence_does_not_cross() -> None:
    with pytest.raises(ReleaseError, match="no licence"):
        passage(dataset(licence=None), TABLE)


def test_a_dataset_without_a_release_section_does_not_cross() -> None:
    with pytest.raises(ReleaseError, match="no release section"):
        passage(dataset(release=None), TABLE)


@pytest.mark.parametrize("access", ["partner", "operational", "critical"])
def test_only_open_data_crosses_without_an_agreement(access: str) -> None:
    with pytest.raises(ReleaseError, match="agreement"):
        passage(dataset(release={"access": access, "fields": ["identity"]}), TABLE)


def test_a_misspelt_field_is_refused_not_ignored() -> None:
    with pytest.raises(ReleaseError, match="unknown field"):
        passage(dataset(release={"access": "open", "fields": ["identity", "powr"]}), TABLE)


def test_a_required_column_that_is_not_named_is_an_error_not_a_null() -> None:
    with pytest.raises(ReleaseError, match="country_code"):
        passage(dataset(release={"access": "open", "fields": ["identity", "place_exact"]}), TABLE)


def test_a_regions_grain_keeps_places_and_names_back() -> None:
    grain = {"access": "open", "fields": ["identity", "place", "place_exact", "power"], "grain": "nuts3"}
    through = passage(dataset(release=grain), TABLE)
    for name in ("latitude_deg", "longitude_deg", "street_address", "evse_id", "evse_id_raw"):
        assert f'AS "{name}"' in through.projection
        assert name in through.withheld_columns
    assert "dense_rank()" in through.projection


def test_quarantined_rows_never_cross() -> None:
    assert "_verdict IN ('admitted', 'corrected')" in passage(dataset(), TABLE).condition


def test_a_row_condition_that_is_unknown_keeps_the_row_back() -> None:
    fields = {"access": "open", "fields": ["identity", "place", "place_exact", "power"], "rows": "power_kw > 3.7"}
    assert "coalesce((power_kw > 3.7), false)" in passage(dataset(release=fields), TABLE).condition
