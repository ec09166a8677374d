"""Try a file: decode, check and harmonise it without touching zone or layer, and say what became of it."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from euregio.commands.trial_reasons import Finding, findings
from euregio.declarations.countries import known_countries
from euregio.declarations.tables import load_table
from euregio.errors import BatchRefused, DeclarationError, DecodeError
from euregio.extract.decode.registry import module_of
from euregio.extract.decoded import decode_file
from euregio.harmonise.run import Harmonised, tables_of
from euregio.release.write import DERIVE, DERIVED
from euregio.settings import Settings
from euregio.stages import check_records, harmonise_table, region_grid
from euregio.storage.duck import connect, load_extension, quoted


@dataclass(frozen=True)
class Given:
    """A table that the file gives: rows of its own and their verdicts, or rows derived from others (no verdicts).

    `refused` says why a table beside the first cannot be had from the file.
    """

    rows: int
    sample: list[dict[str, Any]]
    admitted: int | None = None
    corrected: int | None = None
    quarantined: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    derived_from: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Trial:
    """What became of a file: `records` decoded, `rows` = `admitted` + `corrected` + `quarantined`, the first rows.

    Those are of the format's first table, `table`; `tables` has all, `findings` what each reason found in the file,
    `corrections` what was put right and why.
    """

    format: str
    table: str
    records: int
    rows: int
    admitted: int
    corrected: int
    quarantined: int
    reasons: dict[str, int]
    sample: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    places: str
    tables: dict[str, Given]
    findings: list[Finding]
    corrections: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, keys as documented for `euregio try --json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Tried:
    """What all tables of one trial have in common."""

    con: duckdb.DuckDBPyConnection
    format: str
    scratch: Path
    decoded: Path
    given: dict[str, Any]
    first: int

    def rows(self, table: str) -> Path:
        return self.scratch / f"rows-{table}.parquet"

    def harmonised(self, table: str) -> Harmonised:
        return harmonise_table(
            self.con, self.format, table, [self.decoded], self.scratch / "failures.parquet", self.rows(table),
            dataset="try.file", retrieved_at=datetime.now(UTC).isoformat(timespec="seconds"), **self.given,
        )  # fmt: skip

    def sample(self, source: str, order: str) -> list[dict[str, Any]]:
        sql = f"SELECT * EXCLUDE (_file) FROM ({source}) ORDER BY {order} LIMIT {max(self.first, 0)}"
        return self.con.sql(sql).to_arrow_table().to_pylist()


def try_file(
    format_name: str,
    file: Path,
    settings: Settings,
    *,
    country: str | None = None,
    time_zone: str | None = None,
    first: int = 5,
) -> Trial:
    """Decode, check and harmonise `file` as `format_name`, into every table that the format gives.

    `country` is the ISO code for files that do not say theirs, `time_zone` the zone of naive local times, `first` how
    many rows of each table to give. Raises DecodeError where the file cannot be read as the format, BatchRefused where
    a critical rule of the format or of its first table fails.
    """
    main = module_of(format_name).FORMAT.table
    if file.is_dir():
        raise DecodeError("this is a folder, not a file", where=str(file))
    if not file.is_file():
        there = file.exists()  # a pipe or a device has no end that can be known, and cannot be read twice
        raise DecodeError("this is no plain file" if there else "there is no such file", where=str(file))
    _check_place(country, time_zone)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="try-", dir=settings.scratch) as folder, closing(connect(settings)) as con:
        scratch = Path(folder)
        digest = _sha256(file)
        decoded = decode_file(
            format_name, file, scratch / "decoded" / "file.parquet", con, name=file.name, file_id=digest
        )
        outcome = check_records(con, format_name, [decoded.path], scratch / "failures.parquet")
        load_extension(con, "spatial")  # only now: what cannot be decoded is refused without its cost
        grid = region_grid(settings)
        given = {"country": country.upper() if country else None, "time_zone": time_zone, "grid": grid}
        tried = _Tried(con, format_name, scratch, decoded.path, given, first)
        try:
            found = tried.harmonised(main)
            tables = {main: _given(tried, found), **_derived(tried, main), **_others(tried, main)}
        except duckdb.Error as error:
            raise DecodeError(
                "a value of the file cannot be harmonised", where=file.name, found=str(error).splitlines()[0],
                do="Tell us: a value that no one can read should keep back its row, not the file.",
            ) from error  # fmt: skip
        told = [
            finding
            for name, one in tables.items()
            if one.reasons
            for finding in findings(con, format_name, load_table(name), tried.rows(name), decoded.path, one.reasons)
        ]
        corrections = [fix for name, one in tables.items() if one.corrected for fix in _corrections(tried, name)]
    return Trial(
        format=format_name, table=main, records=decoded.records, rows=found.rows, admitted=found.admitted,
        corrected=found.corrected, quarantined=found.quarantined, reasons=found.reasons, sample=tables[main].sample,
        rules=[vars(rule) for rule in outcome.rules if not rule.success or rule.failed],
        places="regions of the layer" if grid else "bounding boxes of countries (no regions in the layer yet)",
        tables=tables, findings=told, corrections=corrections,
    )  # fmt: skip


def _given(tried: _Tried, found: Harmonised) -> Given:
    rows = f"FROM read_parquet({quoted(str(tried.rows(found.table)))})"
    sample = tried.sample(rows, "_file, _record, _point")
    return Given(found.rows, sample, found.admitted, found.corrected, found.quarantined, found.reasons)


def _derived(tried: _Tried, main: str) -> dict[str, Given]:
    """Tables made of the rows of the first that are not kept back."""
    tables = {}
    rows = quoted(str(tried.rows(main)))
    tried.con.execute(
        "CREATE OR REPLACE TEMP VIEW released AS SELECT *, _file || '#' || _record AS _raw "
        f"FROM read_parquet({rows}) WHERE _verdict <> 'quarantined'"
    )
    for name in DERIVED.get(main, ()):
        sql = (DERIVE / f"{name}.sql").read_text(encoding="utf-8").strip().rstrip(";")
        count = (tried.con.execute(f"SELECT count(*) FROM ({sql})").fetchone() or (0,))[0]
        source = f"SELECT * EXCLUDE (_raw), split_part(_raw, '#', 1) AS _file, CAST(split_part(_raw, '#', 2) AS BIGINT) AS _record FROM ({sql})"
        tables[name] = Given(int(count), tried.sample(source, "_record, 1"), derived_from=main)
    return tables


def _others(tried: _Tried, main: str) -> dict[str, Given]:
    """What else the format's records give: status observations, tariffs. One that is refused says why."""
    tables = {}
    for name in tables_of(tried.format):
        if name == main:
            continue
        try:
            tables[name] = _given(tried, tried.harmonised(name))
        except BatchRefused as error:
            tables[name] = Given(0, [], refused=str(error))
    return tables


def _corrections(tried: _Tried, table: str) -> list[dict[str, Any]]:
    """What was put right: each field and reason with the number of rows and the first row's values."""
    return (
        tried.con.sql(
            f"""SELECT '{table}' AS "table", fix.field, fix.why, count(*) AS rows, min_by(_record, _record) AS record,
                       min_by(fix.was, _record) AS was, min_by(fix.now, _record) AS now
                FROM (SELECT _record, unnest(_corrections) AS fix FROM read_parquet({quoted(str(tried.rows(table)))}) WHERE _verdict = 'corrected')
                GROUP BY fix.field, fix.why ORDER BY 4 DESC, 2, 3"""
        )
        .to_arrow_table()
        .to_pylist()
    )


def _check_place(country: str | None, time_zone: str | None) -> None:
    """Raises DeclarationError for what is no country's ISO code or no time zone."""
    if country is not None and country.upper() not in known_countries():
        raise DeclarationError(
            "not a country that Euregio knows", where="--country", found=country, expected="an ISO code such as NL"
        )
    if time_zone is not None:
        try:
            ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise DeclarationError(
                "not a time zone", where="--time-zone", found=time_zone, expected="an IANA name such as Europe/Berlin"
            ) from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DecodeError("the file cannot be read", where=str(path), found=error.strerror or str(error)) from error
