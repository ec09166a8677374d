"""Try a file: decode, check and harmonise it without touching zone or layer, and say what became of it."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from euregio.declarations.countries import known_countries
from euregio.errors import DeclarationError, DecodeError
from euregio.extract.decode.registry import module_of
from euregio.extract.decoded import decode_file
from euregio.settings import Settings
from euregio.stages import check_records, harmonise_table, region_grid
from euregio.storage.duck import connect, load_extension, quoted


@dataclass(frozen=True)
class Trial:
    """What became of a file: `records` decoded, `rows` = `admitted` + `corrected` + `quarantined`, the first rows."""

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

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, keys as documented for `euregio try --json`."""
        return dict(vars(self))


def try_file(
    format_name: str,
    file: Path,
    settings: Settings,
    *,
    country: str | None = None,
    time_zone: str | None = None,
    first: int = 5,
) -> Trial:
    """Decode, check and harmonise `file` as `format_name`.

    `country` is the ISO code for files that do not say theirs, `time_zone` the zone of naive local times. Raises
    DecodeError where the file cannot be read as the format, BatchRefused where a critical rule fails.
    """
    table = module_of(format_name).FORMAT.table
    if file.is_dir():
        raise DecodeError("this is a folder, not a file", where=str(file))
    if not file.is_file():
        there = file.exists()  # a pipe or a device has no end that can be known, and cannot be read twice
        raise DecodeError("this is no plain file" if there else "there is no such file", where=str(file))
    _check_place(country, time_zone)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="try-", dir=settings.scratch) as folder:
        scratch = Path(folder)
        con = connect(settings)
        digest = _sha256(file)
        decoded = decode_file(
            format_name, file, scratch / "decoded" / "file.parquet", con, name=file.name, file_id=digest
        )
        outcome = check_records(con, format_name, [decoded.path], scratch / "failures.parquet")
        load_extension(con, "spatial")  # only now: what cannot be decoded is refused without its cost
        grid = region_grid(settings)
        try:
            found = harmonise_table(
                con, format_name, table, [decoded.path], scratch / "failures.parquet", scratch / "rows.parquet",
                dataset="try.file", country=country.upper() if country else None, time_zone=time_zone, grid=grid,
                retrieved_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )  # fmt: skip
        except duckdb.Error as error:
            raise DecodeError(
                "a value of the file cannot be harmonised", where=file.name, found=str(error).splitlines()[0],
                do="Tell us: a value that no one can read should keep back its row, not the file.",
            ) from error  # fmt: skip
        sample = (
            con.sql(
                f"SELECT * EXCLUDE (_file) FROM read_parquet({quoted(str(scratch / 'rows.parquet'))}) ORDER BY _file, _record, _point LIMIT {max(int(first), 0)}"
            )
            .to_arrow_table()
            .to_pylist()
        )
        con.close()
    return Trial(
        format=format_name, table=table, records=decoded.records, rows=found.rows, admitted=found.admitted,
        corrected=found.corrected, quarantined=found.quarantined, reasons=found.reasons, sample=sample,
        rules=[vars(rule) for rule in outcome.rules if not rule.success or rule.failed],
        places="regions of the layer" if grid else "bounding boxes of countries (no regions in the layer yet)",
    )  # fmt: skip


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
