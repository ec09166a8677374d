"""What a page tells, as typed facts: the JSON of the API and what the templates draw. Instants are UTC, sizes bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

State = Literal[
    "failing", "stale", "late", "due", "early", "withdrawn", "never publishes", "not watched", "never released"
]


class Used(BaseModel):
    """What a step or a run took. Null where it was not measured: a step that moves no such bytes, a run of before."""

    duration_s: float | None = Field(default=None, description="Within tasks; waiting between them does not count")
    processor_s: float | None = None
    peak_memory_bytes: int | None = Field(default=None, description="Of the process; of a run, of its greatest task")
    fetched_bytes: int | None = Field(default=None, description="Files as the publisher sent them over HTTP")
    landed_bytes: int | None = Field(default=None, description="Of those, new in the zone")
    zone_bytes: int | None = Field(default=None, description="Written to the zone, the landed ones included")
    layer_bytes: int | None = Field(default=None, description="Files that the release left in the layer")
    rows_count: int | None = None


class Cost(BaseModel):
    """What a run cost, by the declared prices; a part is null where its price or its measure is missing."""

    currency: str
    source: str
    processor: float | None
    transfer: float | None
    total: float | None = Field(description="Of the parts with a price; null where one of them was not measured")
    stored_a_month: float | None = Field(description="What it left in zone and layer, for each month that it is kept")
    without_price: list[str] = Field(description="Parts for which no price is declared")


class RunState(BaseModel):
    """A run as Airflow knows it."""

    run_id: str
    state: str
    period: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    triggered_by: str | None = Field(default=None, description="The user who triggered it; null where the schedule did")
    used: Used | None = None
    cost: Cost | None = Field(default=None, description="Null where no price is declared or nothing was measured")


class Step(Used):
    """A task of a run: its last try's time as Airflow measured it, and what it says that it took."""

    task: str
    state: str | None
    tries_count: int
    started_at: datetime | None


class Counts(BaseModel):
    """Rows of a release: rows_in = admitted + corrected + quarantined."""

    rows_in_count: int
    admitted_count: int
    corrected_count: int
    quarantined_count: int
    withheld_count: int
    released_count: int


class Release(Counts):
    """A release of one table."""

    table: str
    period: str
    run_id: str
    batch_id: str
    released_at: datetime
    snapshot_id: int | None
    retrieved_at: datetime | None
    withheld_reason: str | None


class IncidentLine(BaseModel):
    """An incident in a list."""

    incident_id: str
    dataset: str
    kind: str
    subject: str
    severity: str
    owner: str
    opened_at: datetime
    last_seen_at: datetime
    seen_count: int
    closed_at: datetime | None
    closed_because: str | None
    held: bool = Field(description="Whether it is about a batch that a gate holds")


class DatasetLine(BaseModel):
    """A dataset in the list: its state, how fresh it is, its last release."""

    id: str
    title: str
    publisher: str
    country: str
    country_name: str
    theme: str
    owner: str
    access: str
    rhythm: str
    state: State
    since: datetime | None = Field(default=None, description="Since when it is in this state")
    late_at: datetime | None = Field(default=None, description="When it becomes late if nothing is done")
    news_at: datetime | None = Field(default=None, description="Since when its data stand")
    released_at: datetime | None = None
    period: str | None = None
    run_id: str | None = None
    counts: Counts | None = None
    trend: list[Release] = Field(default_factory=list, description="Last releases of its main table, the oldest first")
    incidents: list[IncidentLine] = Field(default_factory=list)
    last_run: RunState | None = None


class Overview(BaseModel):
    """All datasets, the broken ones first."""

    at: datetime
    profile: str
    layer: str | None = Field(default=None, description="Why the layer tells nothing; null where it does")
    journal: str | None = Field(default=None, description="Why the journal tells nothing; null where it does")
    datasets: list[DatasetLine]


class Reason(BaseModel):
    """Rows that were kept back for one reason in the release in force."""

    table: str
    reason: str
    rows_count: int
    share: float = Field(description="Of the rows that came")


class KeptBack(BaseModel):
    """What the zone shows of the rows of a table that were kept back."""

    table: str
    records: dict[str, list[int]] = Field(description="Numbers of the first records by reason")
    rows: list[dict[str, str]] = Field(description="First rows, where the policy lets them be shown")
    why_not: str | None = Field(default=None, description="Why no rows are shown")


class Rule(BaseModel):
    """A rule that failed in the release in force, or in a run."""

    table: str = Field(description="Empty: the format's decoded records")
    reason: str
    severity: str
    evaluated_count: int | None
    failed_count: int | None


class Correction(BaseModel):
    """Values of one field that were corrected for one reason; `was` and `now` of the first records."""

    table: str
    field: str
    why: str
    rows_count: int
    was: list[str | None]
    now: list[str | None]
    records: list[str]


class TablePolicy(BaseModel):
    """A table that the dataset feeds: its contract, and what of it crosses."""

    name: str
    place: str
    version: str
    description: str
    grain: str
    barrier: str | None
    crossing: list[str]
    staying: list[str]


class Accepted(BaseModel):
    """A person's word that let a held batch through."""

    period: str
    gate: str
    found: str
    person: str
    reason: str
    accepted_at: datetime
    run_id: str


class Retracted(BaseModel):
    """A release that was taken back."""

    period: str
    person: str
    reason: str
    rows_count: int
    retracted_at: datetime


class Node(BaseModel):
    """A box of the lineage picture."""

    id: str
    column: int
    label: str
    under: str = ""
    link: str | None = None


class Lineage(BaseModel):
    """From the publisher to the indicators: boxes and the ids that each line joins."""

    nodes: list[Node]
    edges: list[tuple[str, str]]


class DatasetFacts(BaseModel):
    """One dataset in full."""

    at: datetime
    line: DatasetLine
    layer: str | None
    format: str
    homepage: str | None
    time_zone: str | None
    licence_id: str | None
    licence_url: str | None
    licence_sure: str | None
    attribution: str | None
    notes: str
    fields: list[str]
    rows_condition: str | None
    grain: str | None
    gates: dict[str, float]
    tables: list[TablePolicy]
    releases: list[Release]
    reasons: list[Reason]
    rules: list[Rule]
    corrections: list[Correction]
    kept: list[KeptBack]
    accepted: list[Accepted]
    retracted: list[Retracted]
    closed: list[IncidentLine]
    runs: list[RunState]
    no_cost: str | None = Field(description="Why nothing can be said of cost; null where it can")
    lineage: Lineage


class TableChange(BaseModel):
    """What changed in a table against the release before, by its key; counts are null where it was not compared."""

    table: str
    before_period: str | None
    before_count: int | None
    after_count: int
    added_count: int | None = None
    gone_count: int | None = None
    changed_count: int | None = None
    columns: dict[str, int] = Field(default_factory=dict, description="Rows that differ in each column")
    why_not: str | None = None


class ReasonChange(BaseModel):
    """Rows kept back for a reason: now and in the release before."""

    table: str
    reason: str
    now_count: int
    before_count: int | None


class RunReport(BaseModel):
    """What a run brought, what it changed, how long it took."""

    at: datetime
    dataset: str
    title: str
    run_id: str
    run: RunState | None
    layer: str | None
    period: str | None
    snapshot_id: int | None
    replaced: bool = Field(description="Whether a later run has replaced what it released")
    releases: list[Release]
    changes: list[TableChange]
    reasons: list[ReasonChange]
    rules: list[Rule]
    steps: list[Step]
    used: Used | None = Field(description="Of all steps")
    cost: Cost | None = Field(description="Null where no price is declared or nothing was measured")
    no_cost: str | None = Field(description="Why nothing can be said of cost; null where it can")
    landed: list[dict[str, Any]] = Field(description="Landed files: name, sha256, size_bytes, fetched_at, address")
    incidents: list[IncidentLine]
    accepted: list[Accepted]


class LayerTable(BaseModel):
    """A table of the layer as it lies in its files."""

    place: str
    description: str
    rows_count: int
    files_count: int
    size_bytes: int
    deletes_count: int


class Snapshot(BaseModel):
    """One commit into the layer."""

    snapshot_id: int
    at: datetime
    author: str | None
    message: str | None
    dataset: str | None
    run_id: str | None
    tables: list[str]


class Writer(BaseModel):
    """Who wrote: what a commit says its author did, how often, when last."""

    writer: str
    commits_count: int
    last_at: datetime


class LayerFacts(BaseModel):
    """The layer: tables, snapshots, sizes, writers."""

    at: datetime
    layer: str | None
    catalogue: str
    size_bytes: int
    tables: list[LayerTable]
    snapshots_count: int
    snapshots: list[Snapshot]
    writers: list[Writer]
