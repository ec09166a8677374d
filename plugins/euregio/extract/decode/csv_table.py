"""A CSV file as a table of a format's fields: strictly and fast, and row by row where that fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from euregio.extract.decode.csv_rows import read_patiently
from euregio.extract.decode.csv_text import open_csv, read_strictly

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.headers import Fields
    from euregio.extract.decode.plain import Source


def read_csv_table(
    source: Source,
    fields: Fields,
    con: duckdb.DuckDBPyConnection,
    of_layout: Mapping[str, Callable[[Collection[str]], str]] | None = None,
) -> duckdb.DuckDBPyRelation:
    """All rows of the file: the format's fields as text, and `row_error`, null but for rows of a wrong shape.

    `of_layout` fills fields with a constant, worked out from the fields that the header has. Raises DecodeError where
    no header fits or the file is no text; while it is read, where it is cut off or mostly of another shape.
    """
    text = open_csv(source, fields)
    constants = ", ".join(
        f"'{constant(text.header.columns.keys())}' AS {name}" for name, constant in (of_layout or {}).items()
    )

    def filled(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        return relation.project(f"* REPLACE ({constants})") if constants else relation

    source.second_try.append(lambda: filled(read_patiently(source, text, fields, con)))
    return filled(read_strictly(text, fields, con))
