"""The four steps in a row, for the tasks, the command line and the bench alike: extract, check, harmonise, release."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets as random
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from euregio import __version__, gates, stages
from euregio.declarations import corrections, datasets, tables
from euregio.declarations.datasets import Dataset, checked_period
from euregio.declarations.profiles import load_profile
from euregio.errors import BatchRefused, EuregioError
from euregio.extract.decode.registry import module_of
from euregio.extract.decoded import decode_file
from euregio.extract.fetch.gather import gather
from euregio.extract.fetch.secrets import Lookup, Secrets
from euregio.extract.landing import DatasetFacts, Landed, forget, land, manifest_of, validators
from euregio.harmonise.run import sql_file, tables_of
from euregio.release.write import Origin, RowsFile, is_released
from euregio.release.write import release as write_release
from euregio.settings import PROJECT, Settings
from euregio.storage.duck import connect, parquet_rows
from euregio.storage.layer import alone, open_layer
from euregio.storage.zones import Zone, Zones

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """The reference that tasks hand on: which bytes of which dataset and period, and how many rows became what.

    `files` are SHA-256 of landed files; `unchanged` says that the layer holds just this already. It holds no data of
    the publisher, and is small enough for XCom.
    """

    dataset: str
    period: str
    run_id: str
    batch_id: str
    files: tuple[str, ...]
    retrieved_at: str
    unchanged: bool = False
    records: int = 0
    rows: int = 0
    admitted: int = 0
    corrected: int = 0
    quarantined: int = 0
    released: int = 0
    withheld: int = 0
    snapshot_id: int | None = None
    accepted: gates.Acceptance | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        accepted = self.accepted.to_json() if self.accepted else None
        return {**asdict(self), "files": list(self.files), "accepted": accepted}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Batch:
        """The batch that `to_json` gave."""
        known = {name: value for name, value in content.items() if name in cls.__dataclass_fields__}
        accepted = gates.Acceptance.from_json(content["accepted"]) if content.get("accepted") else None
        return cls(**{**known, "files": tuple(content["files"]), "accepted": accepted})

    @property
    def folder(self) -> str:
        """Its folder in the zone."""
        return f"batches/{self.period.replace(':', '')}/{self.batch_id}"


def extract(
    dataset_id: str,
    period: str,
    *,
    run_id: str | None = None,
    settings: Settings | None = None,
    lookup: Lookup | None = None,
) -> Batch:
    """Fetch the dataset's bytes, land them unchanged, decode them into the zone. `lookup` gives the publisher's secrets.

    Where the release in force came from the same bytes under the same rules, the batch says `unchanged` and nothing
    is decoded. Raises FetchError, DecodeError, DeclarationError (a period that is none included).
    """
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    zone = zone_of(dataset, settings)
    secrets = Secrets(lookup)
    landed = _land(dataset, checked_period(period, dataset_id), zone, settings, secrets)
    files = tuple(file.sha256 for file in landed.files)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    batch = Batch(dataset_id, period, run_id or new_run_id(), "", files, now)
    batch = named(batch, dataset, settings)
    try:
        return batch if batch.unchanged else decode(batch, dataset, zone, settings)
    except EuregioError as error:
        error.facts["batch"] = batch.to_json()  # whoever writes to the publisher says which file it was
        with suppress(EuregioError, OSError):  # a full disk: the first error is the one to tell
            forget(zone, files)
        if (
            secrets.are_filled
        ):  # what is quoted of the bytes may be a complaint that repeats the secret it was asked with
            raise error.quoting(secrets.quoted) from None
        raise


def check(batch: Batch, *, settings: Settings | None = None) -> Batch:
    """Run the format's suite over the decoded records. Raises BatchRefused where a critical rule fails, BatchBlocked
    where a gate holds the batch (far fewer records than in the last release, a field that is gone)."""
    settings = settings or Settings()
    dataset = datasets.dataset(batch.dataset)
    zone = zone_of(dataset, settings)
    with _connection(settings) as con, zone.writing(f"{batch.folder}/failures.parquet") as failures:
        try:
            outcome = stages.check_records(con, dataset.format, _decoded(batch, zone), failures)
        except EuregioError as error:
            raise error.at(f"{batch.dataset} {batch.period}") from error
        gates.hold_records(con, _held(batch, dataset, zone, settings))
    zone.write_bytes(f"{batch.folder}/outcome.json", json.dumps(outcome.as_json(), default=str).encode())
    return replace(batch, records=outcome.rows)


def harmonise(batch: Batch, *, settings: Settings | None = None) -> Batch:
    """Turn the records into rows of each table that the format gives, every row with its verdict.

    Raises BatchRefused where not one row of the format's own table is sound: that would empty what was released;
    BatchBlocked where a gate holds it (objects of the last release have lost their ids).
    """
    settings = settings or Settings()
    dataset = datasets.dataset(batch.dataset)
    zone = zone_of(dataset, settings)
    grid, held = stages.region_grid(settings), _held(batch, dataset, zone, settings)
    totals: Counter[str] = Counter()
    for name in tables_given(dataset):
        with _connection(settings, "spatial") as con, zone.writing(f"{batch.folder}/rows-{name}.parquet") as out:
            found = stages.harmonise_table(
                con, dataset.format, name, _decoded(batch, zone), zone.local(f"{batch.folder}/failures.parquet"), out,
                dataset=dataset.id, country=dataset.country_code, time_zone=dataset.time_zone, grid=grid,
                retrieved_at=batch.retrieved_at, corrections=corrections.corrections_of(dataset.id, name),
            )  # fmt: skip
        if found.outdated_corrections:
            _LOG.warning(
                "%s: the publisher has changed what these corrections mend, take them away: %s",
                dataset.id,
                ", ".join(found.outdated_corrections),
            )
        zone.write_bytes(f"{batch.folder}/rows-{name}.json", json.dumps(found.to_json(), default=str).encode())
        if not totals and found.quarantined == found.rows:
            refused = BatchRefused(
                "not one row is sound", where=f"{dataset.id} {batch.period}, {name}",
                found=", ".join(f"{reason} ({count})" for reason, count in found.reasons.items()) or "no rows",
                do="The last good state stays; look at the publisher's file, or at the rules.",
            )  # fmt: skip
            refused.facts |= {"reasons": dict(found.reasons), "table": name}
            raise refused
        with _connection(settings) as con:
            gates.hold_rows(con, held, name)
        totals.update(
            rows=found.rows, admitted=found.admitted, corrected=found.corrected, quarantined=found.quarantined
        )
    return replace(
        batch,
        rows=totals["rows"],
        admitted=totals["admitted"],
        corrected=totals["corrected"],
        quarantined=totals["quarantined"],
    )


def release(batch: Batch, *, settings: Settings | None = None) -> Batch:
    """Let across what the dataset's policy allows: one snapshot that replaces its period in the layer."""
    settings = settings or Settings()
    dataset, rows, origin = to_release(batch, settings)
    with open_layer(settings, read_only=False) as con, alone(con, settings, dataset.id):
        done = write_release(con, dataset, rows, origin)
    if "nuts_region" in done.tables:
        stages.region_grid(settings)  # made now, once, not by each of the tasks that will need it
    released = sum(done.tables.get(name, 0) for name in tables_given(dataset))
    return replace(batch, released=released, withheld=done.withheld, snapshot_id=done.snapshot_id)


def to_release(batch: Batch, settings: Settings) -> tuple[Dataset, list[RowsFile], Origin]:
    """What a harmonised batch would release: its dataset, the rows files, and what the release says of itself."""
    dataset = datasets.dataset(batch.dataset)
    zone = zone_of(dataset, settings)
    rows = []
    ran = [{**rule, "table_name": ""} for rule in json.loads(zone.read_bytes(f"{batch.folder}/outcome.json"))["rules"]]
    findings = gates.findings_of(zone, batch.folder)
    ran += map(_gate_rule, findings)
    for name in tables_given(dataset):
        counts = json.loads(zone.read_bytes(f"{batch.folder}/rows-{name}.json"))
        ran += [
            {**rule, "table_name": name}
            for rule in (*counts["rules"], *map(_outdated_rule, counts["outdated_corrections"]))
        ]
        numbers = (counts[key] for key in ("rows", "admitted", "corrected", "quarantined", "reasons"))
        rows.append(RowsFile(tables.load_table(name), zone.local(f"{batch.folder}/rows-{name}.parquet"), *numbers))
    accepted = gates.accepted_of(findings, batch.accepted)
    return (
        dataset,
        rows,
        Origin(
            batch.run_id,
            batch.batch_id,
            batch.period,
            batch.files,
            batch.retrieved_at,
            ran,
            accepted,
            _secret(dataset, zone),
        ),
    )


def _secret(dataset: Dataset, zone: Zone) -> str:
    """What orders the stand-ins of a dataset whose ids do not cross: drawn once, kept in its zone."""
    if dataset.release is None or dataset.release.grain == "point":
        return ""
    if not zone.exists("stand-ins.key"):
        zone.write_bytes("stand-ins.key", random.token_hex(16).encode())
    return zone.read_bytes("stand-ins.key").decode()


def run(dataset_id: str, period: str, *, run_id: str | None = None, settings: Settings | None = None) -> Batch:
    """All four steps."""
    settings = settings or Settings()
    return onward(extract(dataset_id, period, run_id=run_id, settings=settings), settings)


def onward(batch: Batch, settings: Settings) -> Batch:
    """What follows on extract: check, harmonise, release; nothing where the batch is unchanged."""
    if batch.unchanged:
        return batch
    return release(harmonise(check(batch, settings=settings), settings=settings), settings=settings)


def zone_of(dataset: Dataset, settings: Settings) -> Zone:
    """The zone of a dataset: its country's own storage."""
    return zone_at(dataset.country, dataset.id, settings)


def zone_at(country: str, name: str, settings: Settings) -> Zone:
    """The zone `name` of a country (folder code, `eu` for what is of no single one)."""
    options = settings.s3fs_options if settings.zones.startswith("s3://") else None
    return Zones(settings.zones, options).of(country, name)


def new_run_id() -> str:
    """A name for a run outside Airflow."""
    return f"manual-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def batch_id(dataset: Dataset, files: tuple[str, ...], period: str, regions: tuple[str, ...] = ()) -> str:
    """Name of a batch: the hash of its bytes and of every rule that runs over them.

    Observations made at the time of the fetch are news even in the same bytes: there the period is part of it.
    `regions` are the batches that the layer's regions came from: rows that get a place are made anew with new regions.
    """
    observed = any("observed_at" in {c.name for c in tables.load_table(t).columns} for t in tables_given(dataset))
    placed = any(tables.load_table(t).has("nuts3_code", "place_method") for t in tables_given(dataset))
    facts = [
        __version__,
        dataset.model_dump_json(),
        *files,
        *([period] if observed else []),
        *(regions if placed else ()),
    ]
    digest = hashlib.sha256("\n".join(facts).encode())
    for path in _rule_files(dataset):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def decode(batch: Batch, dataset: Dataset, zone: Zone, settings: Settings) -> Batch:
    """Decode what is not decoded yet of the batch's landed files."""
    records = 0
    with _connection(settings) as con:
        for sha in batch.files:
            place = f"{batch.folder}/decoded/{sha}.parquet"
            if not zone.exists(place):
                name = f"{dataset.id}, {manifest_of(zone, sha)['name']}"
                with zone.writing(place) as out:
                    decode_file(dataset.format, zone.local(f"landing/{sha}"), out, con, name=name, file_id=sha)
            records += parquet_rows(con, zone.local(place))
    zone.write_bytes(f"{batch.folder}/batch.json", json.dumps(batch.to_json()).encode())
    return replace(batch, records=records)


def _land(dataset: Dataset, period: str, zone: Zone, settings: Settings, secrets: Secrets) -> Landed:
    """The dataset's bytes in the zone, from where the profile says they come."""
    profile = load_profile(settings.profile)
    spec = profile.source(dataset, period)
    facts = DatasetFacts(
        dataset.id, dataset.licence.id if dataset.licence else None, dataset.attribution, str(spec.urls[0])
    )
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=settings.scratch) as folder:
        root = str(profile.root_folder) if profile.root_folder else None
        fetched = gather(spec, Path(folder), period=period, root=root, previous=validators(zone), secrets=secrets)
        return land(zone, fetched, facts)


def _rule_files(dataset: Dataset) -> Iterator[Path]:
    sql, include = PROJECT / "include" / "sql", PROJECT / "include"
    yield from sorted((PROJECT / "include" / "codes").glob("*.csv"))
    yield from sorted([sql / "prelude.sql", *(sql / "frame").glob("*.sql"), *(sql / "derive").glob("*.sql")])
    yield Path(module_of(dataset.format).__file__ or "")
    for name in tables_given(dataset):
        yield sql / "harmonise" / name / f"{dataset.format}.sql"
        yield include / "tables" / f"{name}.yaml"
    wanted = [stages.EXPECTATIONS / "formats" / f"{dataset.format}.json"]
    wanted += [stages.EXPECTATIONS / "tables" / f"{name}.json" for name in tables_given(dataset)]
    wanted.append(corrections.FOLDER / dataset.country / f"{dataset.id.partition('.')[2]}.yaml")
    yield from (path for path in wanted if path.is_file())


def tables_given(dataset: Dataset) -> list[str]:
    """Tables that the dataset's format gives, what its records are about first."""
    first = module_of(dataset.format).FORMAT.table
    sql_file(dataset.format, first)
    return sorted(tables_of(dataset.format), key=lambda name: (name != first, name))


def _decoded(batch: Batch, zone: Zone) -> list[Path]:
    return [zone.local(f"{batch.folder}/decoded/{sha}.parquet") for sha in batch.files]


def _gate_rule(finding: dict[str, Any]) -> dict[str, Any]:
    """What a gate found in a batch that was released all the same, as the outcome of a rule of its records."""
    field = finding["figures"].get("field")
    reason = f"gate_{finding['gate']}" + (f":{finding['figures']['change']}:{field}" if field else "")
    severity = "critical" if finding["blocks"] else "info"
    return {
        "table_name": "",
        "reason": reason,
        "severity": severity,
        "evaluated": None,
        "failed": None,
        "success": False,
    }


def _outdated_rule(correction: str) -> dict[str, Any]:
    """A correction whose mistake is gone, as the outcome of a rule: so that someone sees it and takes it away."""
    reason = f"correction_is_outdated:{correction}"
    return {"reason": reason, "severity": "info", "evaluated": None, "failed": None, "success": False}


def named(batch: Batch, dataset: Dataset, settings: Settings, period: str | None = None) -> Batch:
    """The batch with its name, and whether the release in force (or that of `period`) is this very batch."""
    try:
        with open_layer(settings) as con:
            found = con.execute(
                "SELECT batch_id FROM catalogue.current_release WHERE table_name = 'nuts_region' ORDER BY 1"
            ).fetchall()
            name = batch_id(dataset, batch.files, batch.period, tuple(row[0] for row in found))
            return replace(batch, batch_id=name, unchanged=is_released(con, batch.dataset, name, period))
    except EuregioError as error:
        if error.what == "there is no layer yet":
            return replace(batch, batch_id=batch_id(dataset, batch.files, batch.period))
        raise


def _held(batch: Batch, dataset: Dataset, zone: Zone, settings: Settings) -> gates.Held:
    """The batch as the gates see it, with the release that it is held against."""
    before = None
    try:
        with open_layer(settings) as con:
            before = gates.release_before(con, dataset, batch.period, batch.batch_id)
    except EuregioError as error:
        if error.what != "there is no layer yet":
            raise
    return gates.Held(dataset, batch.period, batch.batch_id, zone, batch.folder, before, batch.accepted)


@contextmanager
def _connection(settings: Settings, *extensions: str) -> Iterator[Any]:
    con = connect(settings, *extensions)
    try:
        yield con
    finally:
        con.close()
