"""A DATEX II publication to a relation, whichever encoding it is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode import datex2_json, datex2_xml
from euregio.extract.decode.datex2_rows import schema_of
from euregio.extract.decode.datex2_text import first_sign
from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import duckdb
    import pyarrow


def decode_publication(
    source: Source, con: duckdb.DuckDBPyConnection, wanted: datex2_xml.Wanted
) -> duckdb.DuckDBPyRelation:
    """The relation of a publication's rows. Raises DecodeError for what is neither XML nor JSON of that kind."""
    sign = first_sign(source)
    if sign == "<":
        found = datex2_xml.tables(source, wanted)
    elif sign in ("{", "["):
        found = datex2_json.tables(source, wanted)
    else:
        raise DecodeError("this is neither XML nor JSON", where=source.name, found=repr(sign), expected="<, { or [")
    return source.stream(con, schema_of(wanted.spec_of()), _batches(found))


def _batches(found: Iterator[pyarrow.Table]) -> Iterator[pyarrow.RecordBatch]:
    for table in found:
        yield from table.to_batches()
