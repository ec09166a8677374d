"""A batch before the gates: which release it is held against, what was found, and what a person accepted of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from euregio.check.gates import Finding, block, identity_churn, schema_drift, volume_anomaly
from euregio.declarations.datasets import Dataset, begin_of
from euregio.declarations.rhythm import about
from euregio.declarations.tables import load_table
from euregio.errors import DeclarationError
from euregio.storage.duck import parquet_rows, quoted
from euregio.storage.zones import Zone

GATES = ("volume", "schema", "identity")
_COMPARABLE = timedelta(days=31)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a held batch is meant: which gates, why, and who (as the log-in knows them)."""

    gates: tuple[str, ...]
    reason: str
    person: str

    def __post_init__(self) -> None:
        unknown = sorted(set(self.gates) - set(GATES))
        if unknown or not self.gates:
            raise DeclarationError("not gates", found=", ".join(unknown) or "none", expected=", ".join(GATES))
        if len(self.reason.strip()) < 5 or len(self.reason) > 500:
            raise DeclarationError(
                "an acceptance gives its reason", found=self.reason, expected="a sentence of 5 to 500 characters"
            )
        if not self.person.strip():
            raise DeclarationError("an acceptance is by a named person", found="nobody")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"gates": list(self.gates), "reason": self.reason, "person": self.person}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Acceptance:
        """The acceptance that `to_json` gave. Raises DeclarationError where it is none."""
        try:
            gates, reason, person = content["gates"], content["reason"], content["person"]
            if not isinstance(gates, list | tuple) or not all(isinstance(gate, str) for gate in gates):
                raise TypeError("gates is no list of names")
            return cls(tuple(gates), str(reason), str(person))
        except (KeyError, TypeError) as error:
            raise DeclarationError(
                "not an acceptance", found=str(error), expected='{"gates": ["volume"], "reason": "…"}'
            ) from error


@dataclass(frozen=True)
class Before:
    """The release that a batch is held against: its folder in the zone, its format."""

    folder: str
    format: str | None


def release_before(con: Any, dataset: Dataset, period: str, batch_id: str) -> Before | None:
    """The latest release of the dataset up to `period` that came from another batch; None where there is none.

    A backfilled period is held against the one before it, not against a later one. A release of long ago (ten rhythms,
    at least a month) says nothing of today.
    """
    found = con.execute(
        "SELECT period, batch_id, format FROM catalogue.release "
        f"WHERE dataset = {quoted(dataset.id)} AND batch_id <> {quoted(batch_id)} AND period <= {quoted(period)} "
        "ORDER BY period DESC, released_at DESC LIMIT 1"
    ).fetchone()
    if not found or begin_of(period) - begin_of(found[0]) > max(_COMPARABLE, 10 * about(dataset.rhythm)):
        return None
    return Before(f"batches/{found[0].replace(':', '')}/{found[1]}", found[2])


def hold_records(
    con: Any, dataset: Dataset, zone: Zone, folder: str, before: Before | None, accepted: Acceptance | None, where: str
) -> None:
    """The gates of decoded records, volume and schema. Raises BatchBlocked; what was found is kept in the zone."""
    old = _decoded(zone, before.folder) if before else []
    now = _decoded(zone, folder)
    findings: list[Finding] = []
    if old and before and before.format == dataset.format:
        count = [sum(parquet_rows(con, file) for file in files) for files in (old, now)]
        findings += volume_anomaly(count[0], count[1], dataset.gates)
        findings += schema_drift(con, old, now, dataset.gates)
    _keep(zone, f"{folder}/gates-records.json", findings, accepted, where)


def hold_rows(
    con: Any, dataset: Dataset, zone: Zone, folder: str, table: str, before: Before | None, accepted: Acceptance | None, where: str
) -> None:  # fmt: skip
    """The gate of harmonised rows, identity. Raises BatchBlocked; what was found is kept in the zone.

    Whoever accepts that records are fewer accepts that their ids are gone; not that others came in their place.
    """
    place = f"{before.folder}/rows-{table}.parquet" if before else ""
    findings: list[Finding] = []
    if before and zone.exists(place):
        rows = zone.local(f"{folder}/rows-{table}.parquet")
        findings += identity_churn(con, load_table(table), zone.local(place), rows, dataset.gates)
        if accepted and "volume" in accepted.gates:
            findings = [replace(one, blocks=one.blocks and one.figures["renamed"]) for one in findings]
    _keep(zone, f"{folder}/gates-{table}.json", findings, accepted, where)


def findings_of(zone: Zone, folder: str) -> list[dict[str, Any]]:
    """What the gates found in a batch, in the form of Finding.as_json."""
    places = [place for place in zone.list(folder) if place.rsplit("/", 1)[-1].startswith("gates-")]
    return [finding for place in places for finding in json.loads(zone.read_bytes(place))]


def accepted_of(findings: Sequence[dict[str, Any]], accepted: Acceptance | None) -> list[dict[str, str]]:
    """What a person's word let through: a row for each gate that would have held the batch, for quality.acceptance."""
    held: dict[str, list[str]] = {}
    for finding in findings:
        if finding["blocks"]:
            held.setdefault(finding["gate"], []).append(finding["what"])
    if accepted is None:
        return []
    return [
        {"gate": gate, "found": "; ".join(what), "person": accepted.person, "reason": accepted.reason}
        for gate, what in held.items()
        if gate in accepted.gates
    ]


def _keep(zone: Zone, place: str, findings: Sequence[Finding], accepted: Acceptance | None, where: str) -> None:
    zone.write_bytes(place, json.dumps([finding.as_json() for finding in findings]).encode())
    for finding in findings:
        _LOG.info("%s: gate %s: %s", where, finding.gate, finding.what)
    block(findings, where, accepted.gates if accepted else ())


def _decoded(zone: Zone, folder: str) -> list[Path]:
    return [zone.local(place) for place in zone.list(f"{folder}/decoded") if place.endswith(".parquet")]
