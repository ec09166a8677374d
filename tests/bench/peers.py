"""What users would otherwise do: pandas, Great Expectations on the frame and geopandas, the same steps; run as a process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


def irve(file: str, folder: str, regions: str) -> None:
    """Read the CSV, type it, run the rules, join regions by geometry, split off bad rows, write Parquet."""
    import geopandas
    import great_expectations as gx
    import pandas as pd

    frame = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
    pair = frame["coordonneesXY"].str.strip("[]").str.split(",", n=1, expand=True)
    frame["longitude_deg"] = pd.to_numeric(pair[0], errors="coerce")
    frame["latitude_deg"] = pd.to_numeric(pair[1], errors="coerce")
    frame["power_kw"] = pd.to_numeric(frame["puissance_nominale"], errors="coerce")
    frame["updated_at"] = pd.to_datetime(frame["date_maj"], errors="coerce", utc=True)
    frame["evse_id"] = frame["id_pdc_itinerance"].str.upper().str.replace(r"[*\-_ ]", "", regex=True)
    for name in ("prise_type_ef", "prise_type_2", "prise_type_combo_ccs", "prise_type_chademo"):
        frame[name] = frame[name].str.lower().isin(("true", "1"))
    frame["row"] = range(len(frame))

    rules = [
        gx.expectations.ExpectColumnValuesToNotBeNull(column="evse_id"),
        gx.expectations.ExpectColumnValuesToMatchRegex(column="evse_id", regex="^[A-Z]{2}[A-Z0-9]{3}E[A-Z0-9]{1,31}$"),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="latitude_deg"),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="longitude_deg"),
        gx.expectations.ExpectColumnValuesToBeBetween(column="latitude_deg", min_value=-90, max_value=90),
        gx.expectations.ExpectColumnValuesToBeBetween(column="longitude_deg", min_value=-180, max_value=180),
        gx.expectations.ExpectColumnValuesToBeBetween(column="power_kw", min_value=0.5, max_value=4000),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="updated_at"),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="id_station_itinerance"),
        gx.expectations.ExpectColumnValuesToBeInSet(
            column="condition_acces", value_set=["Accès libre", "Accès réservé"]
        ),
        gx.expectations.ExpectColumnValuesToBeUnique(column="evse_id"),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="nom_operateur"),
    ]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    suite = context.suites.add(gx.ExpectationSuite(name="irve", expectations=rules))
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("irve")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
    result = batch.validate(
        suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]}
    )
    bad: set[int] = set()
    for one in result.results:
        bad |= {entry["row"] for entry in one.result.get("unexpected_index_list") or ()}

    areas = geopandas.read_file(regions)
    areas = areas[areas["LEVL_CODE"].astype(int) == 3][["NUTS_ID", "geometry"]]
    points = geopandas.GeoDataFrame(
        frame, geometry=geopandas.points_from_xy(frame["longitude_deg"], frame["latitude_deg"]), crs=areas.crs
    )
    placed = geopandas.sjoin(points, areas, how="left", predicate="within").drop(columns=["geometry", "index_right"])
    placed = placed.drop_duplicates("row")
    is_bad = placed["row"].isin(bad)
    placed[~is_bad].to_parquet(Path(folder) / "peer.parquet", compression="zstd")
    placed[is_bad].to_parquet(Path(folder) / "peer-bad.parquet", compression="zstd")
    print(json.dumps({"rows": len(placed), "bad": int(is_bad.sum())}))


if __name__ == "__main__":
    irve(*sys.argv[1:])
