"""What extract, check and harmonise make of the sandbox's feeds, held against the truth row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from euregio.extract.decoded import decode_file
from euregio.harmonise.places import build_grid
from euregio.sandbox.running import Sandbox
from euregio.settings import Settings
from euregio.stages import check_records, harmonise_table
from euregio.storage.duck import connect

STATIC = {
    "de.charging__bnetza": ("bnetza-register", "Europe/Berlin"),
    "fr.charging__irve_static": ("irve-static", "Europe/Paris"),
    "nl.charging__dot_nl": ("ocpi-locations", "Europe/Amsterdam"),
    "ch.charging__ich_tanke_strom": ("oicp-evse-data", "Europe/Zurich"),
    "es.charging__electrolineras": ("datex2-energy-table", "Europe/Madrid"),
    "be.charging__eco_movement": ("datex2-energy-table", "Europe/Brussels"),
}
STATUS = {
    "fr.charging__irve_dynamic": "irve-dynamic",
    "nl.charging__dot_nl": "ocpi-locations",
    "ch.charging__ich_tanke_strom_status": "oicp-evse-status",
    "be.charging__eco_movement_status": "datex2-energy-status",
}


class Rooms:
    """The three steps over a sandbox's files, with the sandbox's own regions."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.con = connect(Settings(), "spatial")
        regions = self.rows("eu.spatial__gisco_nuts", "gisco-nuts", "nuts_region", None, None)
        self.grid = build_grid(
            self.con, f"SELECT nuts_code, nuts_level, country_code, geometry FROM read_parquet('{regions}')", folder
        )

    def rows(self, dataset: str, format_name: str, table: str, zone: str | None, grid: Path | None) -> Path:
        work = self.folder / table / dataset
        served = self.sandbox.built.file(dataset)
        decoded = decode_file(
            format_name, served.path, work / "decoded.parquet", self.con, name=dataset, file_id="ab12"
        )
        check_records(self.con, format_name, [decoded.path], work / "failures.parquet")
        harmonise_table(
            self.con, format_name, table, [decoded.path], work / "failures.parquet", work / "rows.parquet",
            dataset=dataset, country=dataset[:2].upper() if table != "nuts_region" else None, time_zone=zone,
            retrieved_at="2026-11-21T00:00:00Z", grid=grid,
        )  # fmt: skip
        return work / "rows.parquet"

    def ask(self, sql: str, dataset: str, rows: Path) -> list[tuple]:
        self.con.execute(f"CREATE OR REPLACE TEMP VIEW got AS SELECT * FROM read_parquet('{rows}')")
        self.con.execute(
            "CREATE OR REPLACE TEMP VIEW known AS SELECT record AS _record, point AS _point, * FROM "
            f"read_parquet('{self.sandbox.truth / 'points.parquet'}') WHERE dataset = '{dataset}'"
        )
        return self.con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def rooms(spoiled: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    made = Rooms(spoiled, tmp_path_factory.mktemp("rooms"))
    yield made
    made.con.close()


@pytest.mark.parametrize("dataset", STATIC)
def test_every_row_gets_the_verdict_and_reason_that_the_truth_expects(rooms: Rooms, dataset: str) -> None:
    """Precision and recall of quarantine and correction are 1 on the injected defects.

    Left out: 3.7 kW written in watts into a field of kilowatts, for 3 700 kW is a power that a lorry's charger may have.
    """
    format_name, zone = STATIC[dataset]
    rows = rooms.rows(dataset, format_name, "recharging_point", zone, rooms.grid)
    wrong = rooms.ask(
        """
        SELECT fault, is_repeat, verdict, reason, _verdict, _reasons, count(*)
        FROM got FULL JOIN known USING (_record, _point)
        WHERE (_verdict IS DISTINCT FROM verdict OR (verdict = 'quarantined' AND NOT list_contains(_reasons, reason)))
          AND NOT coalesce(fault = 'power_wrong_unit' AND known.published_power_kw BETWEEN 0.5 AND 4000, false)
        GROUP BY ALL ORDER BY ALL
        """,
        dataset, rows,
    )  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("dataset", STATIC)
def test_every_sound_row_has_its_true_region_place_and_power(rooms: Rooms, dataset: str) -> None:
    format_name, zone = STATIC[dataset]
    rows = rooms.rows(dataset, format_name, "recharging_point", zone, rooms.grid)
    sound = "FROM got JOIN known USING (_record, _point) WHERE verdict <> 'quarantined' AND NOT is_copy"
    [(count, regions, places, powers)] = rooms.ask(
        f"""
        SELECT count(*), count(*) FILTER (nuts3_code = nuts3),
            count(*) FILTER (abs(got.latitude_deg - known.latitude) < 1e-6 AND abs(got.longitude_deg - known.longitude) < 1e-6),
            count(*) FILTER (abs(got.power_kw - known.power_kw) < 0.01) {sound} AND fault <> 'power_wrong_unit'
        """,
        dataset, rows,
    )  # fmt: skip
    assert count > 100
    assert (regions, places, powers) == (count, count, count)


@pytest.mark.parametrize("dataset", STATUS)
def test_statuses_are_as_many_of_each_kind_as_the_truth_counts(rooms: Rooms, dataset: str) -> None:
    rows = rooms.rows(dataset, STATUS[dataset], "status_observation", "Europe/Paris", None)
    got = rooms.ask("SELECT status, count(*) FROM got WHERE _verdict = 'admitted' GROUP BY 1 ORDER BY 1", dataset, rows)
    known = duckdb.execute(
        f"SELECT status, sum(points)::BIGINT FROM read_csv('{rooms.sandbox.truth / 'status.csv'}') "
        f"WHERE dataset = '{dataset}' AND observed_at = '2026-11-20 06:00:00' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert got == known
