"""The gate: what is not named stays in the zone."""

from __future__ import annotations

import re

import duckdb
import pytest

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import load_table
from euregio.errors import ReleaseError
from euregio.release.gate import NAMES, passage

TABLE = load_table("recharging_point")


def dataset(**changes: object) -> Dataset:
    facts: dict[str, object] = {
        "title": "A register", "publisher": "An office", "format": "irve-static", "rhythm": "P1D",
        "source": {"url": "https://example.org/data.csv"}, "licence": {"id": "CC-BY-4.0"},
        "release": {"access": "open", "fields": ["identity", "place", "place_exact", "power"]},
    }  # fmt: skip
    return Dataset.model_validate({**facts, **changes}).model_copy(
        update={"id": "xx.charging__office", "country": "xx"}
    )


def test_named_tags_cross_and_others_do_not() -> None:
    through = passage(dataset(), TABLE)
    assert '"power_kw"' in through.projection
    assert 'CAST(NULL AS VARCHAR) AS "operator_name"' in through.projection
    assert {"operator_name", "operator_id", "opening_hours"} <= set(through.withheld_columns)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"licence": None}, "no licence is declared"),
        ({"release": None}, "no release section is declared"),
        *(
            ({"release": {"access": access, "fields": ["identity"]}}, "agreement")
            for access in ("partner", "operational", "critical")
        ),
    ],
)
def test_where_nothing_may_cross_the_passage_is_shut_and_says_why(changes: dict[str, object], why: str) -> None:
    through = passage(dataset(**changes), TABLE)
    assert why in (through.barrier or "")
    assert (through.condition, through.crossing) == ("false", ())
    assert len(through.withheld_columns) == len(TABLE.columns)


def test_a_misspelt_field_is_refused_not_ignored() -> None:
    with pytest.raises(ReleaseError, match="no table has such a field"):
        passage(dataset(release={"access": "open", "fields": ["identity", "powr"]}), TABLE)


def test_a_required_column_that_is_not_named_shuts_the_passage_and_is_no_null() -> None:
    through = passage(dataset(release={"access": "open", "fields": ["identity", "place_exact"]}), TABLE)
    assert "country_code" in (through.barrier or "")


def test_a_regions_grain_keeps_places_and_names_back() -> None:
    grain = {"access": "open", "fields": ["identity", "place", "place_exact", "power"], "grain": "nuts3"}
    through = passage(dataset(release=grain), TABLE)
    for name in ("latitude_deg", "longitude_deg", "street_address", "postal_code", "city", "evse_id", "evse_id_raw"):
        assert f'AS "{name}"' in through.projection
        assert name in through.withheld_columns
    assert "dense_rank()" in through.projection


def test_every_identity_of_a_point_is_a_name_that_a_regions_grain_keeps_back() -> None:
    assert {column.name for column in TABLE.columns if "identity" in column.tags} <= NAMES


def test_quarantined_rows_never_cross() -> None:
    assert "_verdict IN ('admitted', 'corrected')" in passage(dataset(), TABLE).condition


def test_a_row_condition_that_is_unknown_keeps_the_row_back() -> None:
    fields = {"access": "open", "fields": ["identity", "place", "place_exact", "power"], "rows": "power_kw > 3.7"}
    assert "coalesce((\npower_kw > 3.7\n), false)" in passage(dataset(release=fields), TABLE).condition


def test_known_ids_do_not_tell_which_stand_in_is_whose() -> None:
    """With an order that anyone can work out, whoever knows the ids of a register would know the rows of each."""
    grain = {"access": "open", "fields": ["identity", "place", "power"], "grain": "nuts3"}

    def names(secret: str) -> list[str]:
        projection = passage(dataset(release=grain), TABLE, secret=secret).projection
        found = re.search(r"'xx\.charging__office:' \|\| dense_rank.*? AS \"point_id\"", projection)
        assert found
        ids = "SELECT 'XXABCE' || range AS point_id FROM range(50)"
        return [
            row[0] for row in duckdb.sql(f"SELECT {found[0]} FROM ({ids}) AS known ORDER BY known.point_id").fetchall()
        ]

    first, again, other = names("a secret"), names("a secret"), names("another")
    assert len(set(first)) == 50
    assert first == again
    assert first != other
