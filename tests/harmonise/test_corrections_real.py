"""The declared corrections mend the rows of the real files that they were written for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from euregio import pipeline
from euregio.declarations.corrections import corrections_of
from euregio.settings import PROJECT, Settings

REAL = Path(os.environ.get("EUREGIO_REAL_DATA") or PROJECT.parent / "shared" / "real")
REGISTER = REAL / "charging/de/Ladesaeulenkarte_Datenbankauszug_00__2017-04-11.xlsx"


@pytest.mark.real
def test_a_longitude_that_lost_its_decimal_point_is_in_vechta_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not REGISTER.is_file():
        pytest.skip("no real register of 2017: set EUREGIO_REAL_DATA")
    monkeypatch.setenv("EUREGIO_REAL_DATA", str(REAL))
    declared = {item.match["point_id"]: item for item in corrections_of("de.charging__bnetza", "recharging_point")}
    assert declared
    settings = Settings(
        home=tmp_path, profile="files", zones=str(tmp_path / "zones"),
        layer_catalogue=f"sqlite:{tmp_path}/layer/catalogue.sqlite", layer_data=f"{tmp_path}/layer/data",
    )  # fmt: skip
    batch = pipeline.run("de.charging__bnetza", "2017-04", settings=settings)
    rows = f"{tmp_path}/zones/de/de.charging__bnetza/{batch.folder}/rows-recharging_point.parquet"
    import duckdb

    found = duckdb.execute(
        f"SELECT point_id, longitude_deg, city, _verdict, list_transform(_corrections, lambda c: c.was) FROM read_parquet('{rows}') "
        f"WHERE list_contains(?, point_id) ORDER BY 1",
        [list(declared)],
    ).fetchall()
    assert found == [(point_id, 8.291302, "Vechta", "corrected", ["8291302.0"]) for point_id in sorted(declared)]
