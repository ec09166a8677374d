"""A batch before the gates: which release it is held against, what was found, and what a person accepted of it."""

from __future__ import annotations

import json
import logging
import re
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
    """A person's word that a held batch is meant: which batch, which gates, why, and who (as the log-in knows them).

    It is of that batch only: other bytes of the publisher, or other rules, are held anew.
    """

    batch: str
    gates: tuple[str, ...]
    reason: str
    person: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{20}", self.batch):
            raise DeclarationError("not the name of a batch", found=self.batch, expected="20 digits of a hash")
        unknown = sorted(set(self.gates) - set(GATES))
        if unknown or not self.gates:
            raise DeclarationError("not gates", found=", ".join(unknown) or "none", expected=", ".join(GATES))
        if len(self.reason.strip()) < 5 or len(self.reason) > 500:
            raise DeclarationError(
                "an acceptance gives its reason", found=self.reason, expected="a sentence of 5 to 500 characters"
            )
        if not self.person.strip():
            raise DeclarationError("an acceptance is by a named person", found="nobody")
        if not (self.reason.isprintable() and self.person.isprintable()):
            raise DeclarationError(
                "a reason is one line of plain text", found=self.reason, expected="no line breaks or hidden characters"
            )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"batch": self.batch, "gates": list(self.gates), "reason": self.reason, "person": self.person}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Acceptance:
        """The acceptance that `to_json` gave. Raises DeclarationError where it is none."""
        try:
            batch, gates, reason, person = (content[name] for name in ("batch", "gates", "reason", "person"))
            if not isinstance(gates, list | tuple) or not all(isinstance(gate, str) for gate in gates):
                raise TypeError("gates is no list of names")
            return cls(str(batch), tuple(gates), str(reason), str(person))
        except (KeyError, TypeError) as error:
            raise DeclarationError(
                "not an acceptance", found=str(error), expected='{"batch": "…", "gates": ["volume"], "reason": "…"}'
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


@dataclass(frozen=True)
class Held:
    """A batch at the gates: its dataset, period, name, zone and folder there, and a person's word, should it come with one."""

    dataset: Dataset
    period: str
    batch_id: str
    zone: Zone
    folder: str
    before: Before | None
    word: Acceptance | None

    @property
    def accepted(self) -> Acceptance | None:
        """The person's word, where it is of this very batch."""
        return self.word if self.word and self.word.batch == self.batch_id else None


def hold_records(con: Any, held: Held) -> None:
    """The gates of decoded records, volume and schema. Raises BatchBlocked; what was found is kept in the zone."""
    before, limits = held.before, held.dataset.gates
    old = _decoded(held.zone, before.folder) if before else []
    findings: list[Finding] = []
    if old and before and before.format == held.dataset.format:
        now = _decoded(held.zone, held.folder)
        count = [sum(parquet_rows(con, file) for file in files) for files in (old, now)]
        findings += volume_anomaly(count[0], count[1], limits)
        findings += schema_drift(con, old, now, limits)
    _keep(held, "records", findings)


def hold_rows(con: Any, held: Held, table: str) -> None:
    """The gate of harmonised rows, identity. Raises BatchBlocked; what was found is kept in the zone.

    Whoever accepts that records are fewer accepts that their ids are gone; not that others came in their place.
    """
    zone, before = held.zone, held.before
    place = f"{before.folder}/rows-{table}.parquet" if before else ""
    findings: list[Finding] = []
    if before and zone.exists(place):
        rows = zone.local(f"{held.folder}/rows-{table}.parquet")
        findings += identity_churn(con, load_table(table), zone.local(place), rows, held.dataset.gates)
        if held.accepted and "volume" in held.accepted.gates:
            findings = [replace(one, blocks=one.blocks and one.figures["renamed"]) for one in findings]
    _keep(held, table, findings)


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


def _keep(held: Held, what: str, findings: Sequence[Finding]) -> None:
    where = f"{held.dataset.id} {held.period}"
    facts = json.dumps([finding.as_json() for finding in findings]).encode()
    held.zone.write_bytes(f"{held.folder}/gates-{what}.json", facts)
    for finding in findings:
        _LOG.info("%s: gate %s: %s", where, finding.gate, finding.what)
    block(findings, where, held.batch_id, held.accepted.gates if held.accepted else ())


def _decoded(zone: Zone, folder: str) -> list[Path]:
    return [zone.local(place) for place in zone.list(f"{folder}/decoded") if place.endswith(".parquet")]
