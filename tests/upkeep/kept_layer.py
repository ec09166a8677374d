"""Small releases into a layer, noted as the release room notes them."""

from __future__ import annotations

from euregio.storage.layer import transaction


def released(con, period: str, dataset: str = "nl.charging__x", rows: int = 5) -> int:
    """A release of `rows` rows of a small table, noted as the release room notes it; gives its snapshot."""
    with transaction(con, "run r", f"release {dataset} {period}", {"dataset": dataset, "period": period}):
        snapshot = con.execute("SELECT max(snapshot_id) + 1 FROM ducklake_snapshots('lake')").fetchone()[0]
        con.execute(
            "INSERT INTO core.population BY NAME SELECT 'NL' || i AS nuts_code, 2024 AS reference_year, i AS inhabitants_count, "
            f"'{dataset}' AS _dataset, '{period}' AS _period, 'r' AS _run, 'x#1' AS _raw, 'admitted' AS _verdict FROM range({rows}) t(i)"
        )
        con.execute(
            "INSERT INTO catalogue.release BY NAME SELECT "
            f"'{dataset}' AS dataset, 'population' AS table_name, '{period}' AS period, 'r' AS run_id, 'b' AS batch_id, now() AS released_at, "
            f"{snapshot} AS snapshot_id, 0 AS rows_in_count, 0 AS admitted_count, 0 AS corrected_count, 0 AS quarantined_count, "
            f"0 AS withheld_count, {rows} AS released_count, 'open' AS access_class, 'p' AS publisher, 't' AS title"
        )
    return snapshot


def rows(con, at: int | None = None) -> list[tuple[str, int]]:
    place = "core.population" + (f" AT (VERSION => {at})" if at is not None else "")
    return con.execute(f"SELECT _period, count(*) FROM {place} GROUP BY ALL ORDER BY ALL").fetchall()
