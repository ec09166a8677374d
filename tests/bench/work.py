"""One measured piece of work, run as a process of its own: `python -m tests.bench.work NAME ARGUMENTS`."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import duckdb

from euregio import pipeline, stages
from euregio.declarations import datasets, tables
from euregio.extract.decoded import decode_file
from euregio.release.write import Origin, RowsFile, release
from euregio.settings import Settings
from euregio.storage.duck import connect, quoted
from euregio.storage.layer import open_layer


def grid(regions: str, folder: str) -> None:
    """The grid of the regions, made once before anything is measured (as the release of regions does)."""
    from euregio.harmonise.places import build_grid

    home = Path(folder) / "home"
    con = connect(Settings(home=home), "spatial")
    con.execute(
        "CREATE TABLE nuts AS SELECT f.properties->>'NUTS_ID' AS nuts_code, CAST(f.properties->>'LEVL_CODE' AS INTEGER) AS nuts_level, "
        "f.properties->>'CNTR_CODE' AS country_code, ST_GeomFromGeoJSON(f.geometry) AS geometry FROM (SELECT unnest(features) AS f "
        f"FROM read_json({quoted(regions)}, columns = {{features: 'STRUCT(properties JSON, geometry JSON)[]'}}, maximum_object_size = 200000000))"
    )
    build_grid(con, "SELECT * FROM nuts", home / "places")


def bare_csv(file: str, folder: str) -> None:
    """A bare DuckDB COPY of the CSV, every column as text, to Parquet, with DuckDB's own settings."""
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        f"COPY (SELECT * FROM read_csv({quoted(file)}, all_varchar = true)) TO {quoted(folder + '/bare.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def bare_json(file: str, folder: str) -> None:
    """A bare DuckDB read_json of the array, with DuckDB's own types, to Parquet."""
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        f"COPY (SELECT * FROM read_json({quoted(file)})) TO {quoted(folder + '/bare.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def bare_xml(file: str, folder: str) -> None:  # noqa: ARG001
    """A bare pass of lxml's iterparse, clearing as it goes."""
    from lxml import etree

    for _, element in etree.iterparse(file, events=("end",), resolve_entities=False, no_network=True):
        if etree.QName(element).localname == "energyInfrastructureSite":
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def euregio(file: str, folder: str, dataset_id: str) -> None:
    """Decode, check, harmonise (regions by geometry included) and release, one after another in this process."""
    home = Path(folder) / "home"
    shutil.rmtree(home / "layer", ignore_errors=True)
    settings = Settings(
        home=home, layer_catalogue=f"sqlite:{home}/layer/catalogue.sqlite", layer_data=f"{home}/layer/data", threads=2
    )
    dataset = datasets.dataset(dataset_id)
    work = home / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    grid = next((home / "places").glob("*.duckdb"), None)
    took: dict[str, float] = {}

    def timed(name: str, began: float) -> float:
        took[name] = round(time.monotonic() - began, 2)
        return time.monotonic()

    began = time.monotonic()
    con = connect(settings, "spatial")
    decoded = decode_file(dataset.format, Path(file), work / "decoded.parquet", con, name=dataset_id, file_id="ab" * 32)
    began = timed("decode", began)
    outcome = stages.check_records(con, dataset.format, [decoded.path], work / "failures.parquet")
    began = timed("check", began)
    rows = []
    for name in pipeline.tables_given(dataset)[:1]:
        found = stages.harmonise_table(
            con, dataset.format, name, [decoded.path], work / "failures.parquet", work / f"{name}.parquet",
            dataset=dataset.id, country=dataset.country_code, time_zone=dataset.time_zone, grid=grid,
            retrieved_at="2026-11-20T06:00:00+00:00",
        )  # fmt: skip
        rows.append(
            RowsFile(
                tables.load_table(name),
                work / f"{name}.parquet",
                found.rows,
                found.admitted,
                found.corrected,
                found.quarantined,
                found.reasons,
            )
        )
    con.close()
    began = timed("harmonise", began)
    with open_layer(settings, read_only=False) as lake:
        done = release(lake, dataset, rows, Origin("bench", "bench", "2026-11-20", ["ab" * 32], None))
    timed("release", began)
    print(json.dumps({"took": took, "rows": rows[0].rows, "released": done.tables, "records": outcome.rows}))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
