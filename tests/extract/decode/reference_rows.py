"""Decode and harmonise a small file of reference data, as the tests of these formats do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from euregio.extract.decode.registry import module_of
from euregio.extract.decoded import decode_file
from euregio.settings import Settings
from euregio.stages import check_records, harmonise_table
from euregio.storage.duck import connect


def rows_of(format_name: str, file: Path, *columns: str) -> list[dict[str, Any]]:
    """The harmonised rows of a file with verdict, reasons and the named columns (SQL), in the order of the records."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        con = connect(Settings(), "spatial")
        decoded = decode_file(format_name, file, work / "decoded.parquet", con, name=file.name, file_id="ab12")
        check_records(con, format_name, [decoded.path], work / "failures.parquet")
        harmonise_table(
            con, format_name, module_of(format_name).FORMAT.table, [decoded.path], work / "failures.parquet",
            work / "rows.parquet", dataset="eu.test__file", country=None, time_zone=None, retrieved_at=None, grid=None,
        )  # fmt: skip
        names = ", ".join(["_record", "_verdict", "_reasons", *columns])
        found = con.execute(f"SELECT {names} FROM read_parquet('{work / 'rows.parquet'}') ORDER BY ALL")
        keys = [column[0] for column in found.description]
        rows = [dict(zip(keys, row, strict=True)) for row in found.fetchall()]
        con.close()
    return rows
