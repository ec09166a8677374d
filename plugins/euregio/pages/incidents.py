"""Incidents as pages tell them: lists, one in full with its letter, and the word that lets a held batch through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from euregio.alerts.facts import samples
from euregio.alerts.kinds import kind
from euregio.alerts.letter import language_of, languages, letter
from euregio.alerts.problem import _GATES as GATE_KINDS
from euregio.errors import EuregioError
from euregio.gates import GATES, Acceptance
from euregio.pages.models import Accepted, IncidentLine
from euregio.pages.models_incident import Held, IncidentFacts, Incidents, Letter, Message
from euregio.pages.sources import Known, Layer, asked_layer, incidents
from euregio.settings import Settings
from euregio.storage.journal import SEVERITIES, Incident, open_journal

#: Kinds that a dataset's state says by itself.
SILENT = frozenset({"late", "stale"})
_HELD = frozenset(GATE_KINDS.values())
_CLOSED = 100


class NotFound(EuregioError):
    """What a page was asked for is not there, or not for this user."""


class Outdated(EuregioError):
    """What a person acts on is no longer as they saw it."""


def line_of(one: Incident) -> IncidentLine:
    """An incident for a list."""
    return IncidentLine(
        incident_id=one.incident_id, dataset=one.dataset, kind=one.kind, subject=kind(one.kind).subject, severity=one.severity,
        owner=one.owner, opened_at=one.opened_at, last_seen_at=one.last_seen_at, seen_count=one.seen_count, closed_at=one.closed_at,
        closed_because=one.closed_because, held=one.kind in _HELD,
    )  # fmt: skip


def listed(known: Known, settings: Settings) -> Incidents:
    """Incidents of what the user may read."""
    found, why = incidents(settings)
    still, _ = incidents(settings, open_only=True)
    mine = [line_of(one) for one in still if known.may_read(one.dataset)]
    mine.sort(key=lambda one: (SEVERITIES.index(one.severity) if one.severity in SEVERITIES else 9, one.opened_at))
    over = [line_of(one) for one in found if one.closed_at and known.may_read(one.dataset)]
    over.sort(key=lambda one: one.closed_at or one.opened_at, reverse=True)
    return Incidents(at=known.at, journal=why, open=mine, closed=over[:_CLOSED])


def found(incident_id: str, known: Known, settings: Settings) -> Incident:
    """The incident. Raises NotFound where there is none that the user may read."""
    many, _ = incidents(settings, incident_id=incident_id)
    if not many or not known.may_read(many[0].dataset):
        raise NotFound("there is no such incident", found=incident_id)
    return many[0]


def incident(incident_id: str, known: Known, settings: Settings) -> IncidentFacts:
    """One incident in full. Raises NotFound."""
    one = found(incident_id, known, settings)
    about, facts = kind(one.kind), one.facts
    problem = facts.get("problem") or {}
    named = {"publisher": facts.get("publisher") or "The publisher", "title": facts.get("title") or one.dataset}
    held = held_by(one)
    accepted: list[Accepted] = []
    if held:
        with asked_layer(settings) as layer:
            held.released_by = _released_by(layer, one.dataset, held)
            accepted = accepted_of(layer, one.dataset, held.period)
    with open_journal(settings) as journal:
        told = journal.told(incident_id)
    return IncidentFacts(
        at=known.at, line=line_of(one), title=str(named["title"]),
        happened=about.happened.format_map({**named, "found": problem.get("found") or "nothing"}), next=list(about.next),
        problem=problem, last_release=facts.get("last_release"), degrades=facts.get("degrades") or [],
        periods=[str(each) for each in facts.get("periods") or []], runs=[str(each) for each in facts.get("runs") or []],
        samples=samples(one) if known.sees_rows else [],
        told=[Message(channel=each.channel, kind=each.kind, at=each.at, error=each.error) for each in told],
        held=held, accepted=accepted, languages=languages() if about.letter else [],
        language=language_of(facts.get("country", "")) if about.letter else None,
    )  # fmt: skip


def letter_of(incident_id: str, language: str | None, known: Known, settings: Settings) -> Letter:
    """The letter to the publisher. Raises NotFound where there is none, or none in this language."""
    one = found(incident_id, known, settings)
    spoken = language or language_of(one.facts.get("country", ""))
    try:
        return Letter(incident_id=incident_id, language=spoken, text=letter(one, spoken))
    except EuregioError as error:
        raise NotFound(error.what, found=error.found, expected=error.expected) from error


def held_by(one: Incident) -> Held | None:
    """The batch that gates hold, of an incident about one."""
    problem: Mapping[str, Any] = one.facts.get("problem") or {}
    batch = problem.get("batch") or {}
    figures = {str(name): str(text) for name, text in (problem.get("figures") or {}).items()}
    gates = sorted({name.split(" ")[0] for name in figures} & set(GATES))
    if one.kind not in _HELD or not gates or not (batch.get("batch_id") and batch.get("period")):
        return None
    return Held(batch=str(batch["batch_id"]), period=str(batch["period"]), gates=gates, figures=figures)


def conf_of(
    one: Incident, batch: str, gates: list[str], reason: str, person: str, settings: Settings
) -> dict[str, Any]:
    """The conf of the run that releases the held batch. Raises Outdated where it is not the one that was looked at,
    DeclarationError for a reason that is none."""
    held = held_by(one)
    if held is None:
        raise Outdated("no gate holds a batch in this incident", where=one.incident_id)
    if one.closed_at:
        raise Outdated("the incident is closed already", where=one.incident_id, found=one.closed_because)
    if batch != held.batch:
        raise Outdated(
            "another batch is held by now", where=one.incident_id, found=held.batch, expected=batch,
            do="Look at it before you accept it.",
        )  # fmt: skip
    with asked_layer(settings) as layer:
        if by := _released_by(layer, one.dataset, held):
            raise Outdated("the batch is released already", where=one.incident_id, found=by)
    word = Acceptance(batch, tuple(gates), " ".join(reason.split()), person)  # the run takes the person from the log-in
    return {"period": held.period, "accept": {"batch": word.batch, "gates": list(word.gates), "reason": word.reason}}


def accepted_of(layer: Layer, dataset: str, period: str | None = None) -> list[Accepted]:
    """Words of persons that let batches of the dataset through, the latest first."""
    return [
        Accepted(**row)
        for row in layer.rows(
            "SELECT period, gate, found, person, reason, accepted_at, run_id FROM quality.acceptance "
            "WHERE dataset = ? AND (? IS NULL OR period = ?) ORDER BY accepted_at DESC, gate LIMIT 100",
            dataset, period, period,
        )
    ]  # fmt: skip


def _released_by(layer: Layer, dataset: str, held: Held) -> str | None:
    rows = layer.rows(
        "SELECT run_id FROM catalogue.release WHERE dataset = ? AND period = ? AND batch_id = ? LIMIT 1",
        dataset, held.period, held.batch,
    )  # fmt: skip
    return str(rows[0]["run_id"]) if rows else None
