"""For the tests of release: a small layer, a dataset, and files of harmonised rows made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from euregio.declarations.datasets import Dataset
from euregio.declarations.tables import load_table
from euregio.release.write import Origin, RowsFile
from euregio.settings import Settings
from euregio.storage.duck import connect, literal, quoted

EXTRAS = {
    "station_name": "VARCHAR", "site_name": "VARCHAR", "station_power_kw": "DOUBLE",
    "connectors": "STRUCT(connector_id VARCHAR, connector_type VARCHAR, connector_type_raw VARCHAR, connector_format VARCHAR, "
    "current_type VARCHAR, power_kw DOUBLE, power_method VARCHAR, voltage_v DOUBLE, current_a DOUBLE)[]",
    "_file": "VARCHAR", "_record": "BIGINT", "_point": "BIGINT", "_verdict": "VARCHAR", "_reasons": "VARCHAR[]",
    "_corrections": "STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]",
}  # fmt: skip
OPEN = {"access": "open", "fields": ["identity", "place", "place_exact", "operator", "power"]}


def settings_in(home: Path) -> Settings:
    """A layer of its own below `home`."""
    return Settings(
        home=home,
        zones=str(home / "zones"),
        layer_catalogue=f"sqlite:{home}/layer/catalogue.sqlite",
        layer_data=f"{home}/layer/data",
    )


def dataset(name: str = "xx.charging__office", **changes: object) -> Dataset:
    """A dataset whose policy is open."""
    facts: dict[str, object] = {
        "title": "A register", "publisher": "An office", "format": "irve-static", "rhythm": "P1D",
        "source": {"url": "https://example.org/data.csv"}, "licence": {"id": "CC-BY-4.0"}, "release": OPEN,
    }  # fmt: skip
    return Dataset.model_validate({**facts, **changes}).model_copy(update={"id": name, "country": name[:2]})


def point(number: int, **values: Any) -> dict[str, Any]:
    """A sound row of a recharging point."""
    return {
        "point_id": f"XXABCE{number}", "evse_id": f"XXABCE{number}", "evse_id_raw": f"XX*ABC*E{number}",
        "station_id": f"S{number // 2}", "site_id": "P1", "operator_name": "Operator", "operator_id": "XXABC", "country_code": "XX",
        "latitude_deg": 51.123456, "longitude_deg": 6.654321, "nuts3_code": "XX001", "place_method": "inside",
        "street_address": "Geheimstrasse 7", "postal_code": "98765", "city": "Kleinkleckersdorf",
        "power_kw": 22.0, "power_method": "declared", "updated_at": "2026-11-01T00:00:00Z", "station_name": "Geheimsaeule",
        "site_name": "Geheimpark", "_file": "f" * 64, "_record": number, "_point": 1, "_verdict": "admitted", "_reasons": [], **values,
    }  # fmt: skip


def rows_file(folder: Path, rows: list[dict[str, Any]], table_name: str = "recharging_point") -> RowsFile:
    """The rows as harmonise writes them; a value for `connectors` or `_corrections` is SQL text."""
    table = load_table(table_name)
    types = {**{column.name: column.type for column in table.columns}, **EXTRAS}

    def cell(name: str, value: Any) -> str:
        return str(value) if name in ("connectors", "_corrections") and value is not None else literal(value)

    selects = [
        "SELECT "
        + ", ".join(f"CAST({cell(name, row.get(name))} AS {type_}) AS {name}" for name, type_ in types.items())
        for row in rows
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rows-{table_name}.parquet"
    con = connect(Settings(home=folder))
    con.execute(f"COPY ({' UNION ALL '.join(selects)}) TO {quoted(str(path))} (FORMAT parquet)")
    con.close()
    verdicts = [row["_verdict"] for row in rows]
    reasons = {reason: sum(reason in row["_reasons"] for row in rows) for row in rows for reason in row["_reasons"]}
    return RowsFile(
        table,
        path,
        len(rows),
        verdicts.count("admitted"),
        verdicts.count("corrected"),
        verdicts.count("quarantined"),
        reasons,
    )


def origin(run_id: str = "run-1", batch_id: str = "b1", period: str = "2026-11-20", **values: Any) -> Origin:
    """Where a release comes from."""
    return Origin(run_id, batch_id, period, ("f" * 64,), "2026-11-20T06:00:00+00:00", **values)
