"""Keys that occur more than once, found in passes over their hashes so that memory does not grow with the rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import duckdb

from euregio.check.suite import Rule
from euregio.check.text import all_of, never_null

# A pass holds the hashes of so many rows at most, about 40 bytes each.
ROWS_PER_PASS = 2_000_000


@dataclass(frozen=True)
class UniqueRule:
    """A rule whose `key` must not occur twice among the rows that are not `skipped`; both are SQL on one row."""

    rule: Rule
    key: tuple[str, ...]
    skipped: str

    @property
    def names(self) -> list[str]:
        """Names of the key's columns in the table that `find` makes."""
        return [f"k{i}" for i in range(len(self.key))]

    def find(
        self, con: duckdb.DuckDBPyConnection, relation: str, table: str, rows_per_pass: int = ROWS_PER_PASS
    ) -> None:
        """Make the temporary `table`: each key that occurs more than once (k0, k1 …) and its number of `copies`.

        Hashes first, a share of them in each pass; then, of the rows whose hash repeats, the keys themselves. So a
        collision of hashes is no duplicate, and memory grows with the duplicates only.
        """
        count = con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
        passes = count // rows_per_pass + 1
        key_hash, hashes = f"hash({', '.join(self.key)})", f"hashes_{uuid.uuid4().hex}"
        con.execute(f"CREATE TEMP TABLE {hashes} (h UBIGINT)")
        try:
            for number in range(passes):
                share = f" AND {key_hash} % {passes} = {number}" if passes > 1 else ""
                con.execute(
                    f"INSERT INTO {hashes} SELECT {key_hash} FROM {relation} "
                    f"WHERE NOT {self.skipped}{share} GROUP BY 1 HAVING count(*) > 1"
                )
            keys = ", ".join(f"{key} AS {name}" for key, name in zip(self.key, self.names, strict=True))
            con.execute(
                f"CREATE TEMP TABLE {table} AS SELECT {', '.join(self.names)}, count(*) AS copies FROM "
                f"(SELECT {keys} FROM {relation} WHERE NOT {self.skipped} AND {key_hash} IN (SELECT h FROM {hashes})) "
                "GROUP BY ALL HAVING count(*) > 1"
            )
        finally:
            con.execute(f"DROP TABLE temp.{hashes}")

    def fails_sql(self, table: str) -> str:
        """TRUE for a row whose key is in the `table` that `find` made, never NULL."""
        if len(self.key) == 1:
            found = never_null(f"({self.key[0]}) IN (SELECT k0 FROM {table})")
        else:  # fields of a row compare null with null as equal
            found = never_null(f"row({', '.join(self.key)}) IN (SELECT row({', '.join(self.names)}) FROM {table})")
        return all_of([f"NOT {self.skipped}", found])
