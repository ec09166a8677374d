"""OpenLineage events of a dataset's run and of a use case's: who gave the bytes, what became of them, which tables they feed.

Each run emits START when its bytes are asked for, and COMPLETE, FAIL or ABORT when it ends. All events of one run carry
one id, made of the names of job and run, so that processes which know nothing of one another tell of the same run.
This module needs the package openlineage-python.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from openlineage.client import event_v2 as ol
from openlineage.client.facet_v2 import (
    documentation_job,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_job,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
)

from euregio import __version__
from euregio.declarations.datasets import Dataset, begin_of
from euregio.declarations.profiles import load_profile
from euregio.declarations.tables import columns_of, load_table
from euregio.errors import EuregioError
from euregio.lineage.facets import (
    EuregioPolicyDatasetFacet,
    EuregioProblemRunFacet,
    EuregioRunFacet,
    EuregioVerdictsOutputDatasetFacet,
    Reason,
)
from euregio.lineage.facts import ReleaseFacts, TableFacts
from euregio.release.gate import derived_passage, passage
from euregio.release.write import EXTRAS
from euregio.settings import Settings

PRODUCER = f"urn:euregio:producer:{__version__}"


@dataclass(frozen=True)
class Told:
    """The run that an event is of: `job` is the id of its DAG, `run_id` Airflow's, `period` as the run knows it."""

    job: str
    run_id: str
    period: str | None = None
    batch: str | None = None

    @property
    def id(self) -> str:
        """The run's id in OpenLineage: the same in every process."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"euregio:{namespace()}/{self.job}/{self.run_id}"))


def namespace() -> str:
    """Namespace of our jobs: OPENLINEAGE_NAMESPACE, else `euregio`."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or "euregio"


def started(told: Told, dataset: Dataset | None, settings: Settings, *, again: bool = False) -> ol.RunEvent:
    """A run begins (or a later try of it, `again`): of `dataset`, or of a use case where None."""
    inputs = publisher(dataset, told.period, settings) if dataset else []
    return _event(ol.RunState.RUNNING if again else ol.RunState.START, told, dataset, inputs=inputs)


def completed(
    told: Told, dataset: Dataset, settings: Settings, facts: ReleaseFacts | None, *, records: int | None = None, size_bytes: int | None = None,
    files: int | None = None,
) -> ol.RunEvent:  # fmt: skip
    """A dataset's run has ended well. `facts` None: nothing was written, the release in force is of the same bytes."""
    inputs = publisher(dataset, told.period, settings)
    if facts and len(inputs) == 1:
        inputs[0].inputFacets = {
            "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                records, size_bytes, files
            )
        }
    outputs = [_output(dataset, table, settings) for table in facts.tables] if facts else []
    about = {"unchanged": facts is None, "snapshot": facts.snapshot_id if facts else None}
    return _event(ol.RunState.COMPLETE, told, dataset, inputs=inputs, outputs=outputs, about=about)


def completed_use_case(
    told: Told, reads: Iterable[str], settings: Settings, *, values: int, withheld: int
) -> ol.RunEvent:
    """A use case's run has published `values` values, of them `withheld` without a number; `reads` are tables of `core`."""
    inputs = []
    for name in sorted(reads):
        one = _table(name, settings)
        inputs.append(ol.InputDataset(one.namespace, one.name, facets=one.facets))
    output = _table("indicator_value", settings)
    output.outputFacets = {
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(values)
    }
    about = {"values": values, "withheldValues": withheld}
    return _event(ol.RunState.COMPLETE, told, None, inputs=inputs, outputs=[output], about=about)


def failed(told: Told, dataset: Dataset | None, settings: Settings, problem: dict[str, Any]) -> ol.RunEvent:
    """A run has failed for good (`problem` as euregio.alerts.problem.Problem.to_json). ABORT where its process was ended
    from outside. What was found in the bytes is not told."""
    where = f"{problem['where']}: " if problem.get("where") else ""
    reasons = [Reason(name, rows) for name, rows in sorted((problem.get("reasons") or {}).items())]
    facets = {
        "errorMessage": error_message_run.ErrorMessageRunFacet(f"{where}{problem['what']}", "PYTHON"),
        "euregio_problem": EuregioProblemRunFacet(problem["kind"], problem.get("step"), reasons),
    }
    state = ol.RunState.ABORT if problem["kind"] == "task_died" else ol.RunState.FAIL
    inputs = publisher(dataset, told.period, settings) if dataset else []
    return _event(state, told, dataset, inputs=inputs, facets=facets)


def publisher(dataset: Dataset, period: str | None, settings: Settings) -> list[ol.InputDataset]:
    """The addresses that a dataset's bytes come from, as declared for the profile: secrets are names there, and what
    follows the path is left out."""
    try:
        urls = load_profile(settings.profile).source(dataset, period or "").urls
    except EuregioError:
        urls = dataset.source.urls
    return [ol.InputDataset(*place) for place in dict.fromkeys(map(_place, urls))]


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url) if "://" in url else None
    if parts is None or parts.scheme == "file":
        return "file", parts.path if parts else url
    host = parts.netloc.rpartition("@")[2]
    name = parts.path.strip("/") if parts.scheme == "s3" else parts.path
    return f"{parts.scheme}://{host}", name or "/"


def _output(dataset: Dataset, facts: TableFacts, settings: Settings) -> ol.OutputDataset:
    table = load_table(facts.table)
    through = passage(dataset, table, EXTRAS.get(table.name)) if facts.verdicts else derived_passage(dataset, table)
    crossing, withheld = through.crossing, through.withheld_columns
    if facts.barrier:
        crossing, withheld = (), (*crossing, *withheld)
    licence, release = dataset.licence, dataset.release
    output = _table(facts.table, settings)
    policy = EuregioPolicyDatasetFacet(
        through.access_class, dataset.publisher, licence.id if licence else None, licence.url if licence else None,
        dataset.attribution, release.grain if release else None, release.rows if release else None,
        list(crossing), list(withheld), facts.barrier,
    )  # fmt: skip
    output.facets = {**(output.facets or {}), "euregio_policy": policy}
    output.outputFacets = {
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(facts.released)
    }
    if facts.verdicts:
        told = facts.verdicts
        reasons = [Reason(name, rows) for name, rows in sorted(told.reasons.items())]
        output.outputFacets["euregio_verdicts"] = EuregioVerdictsOutputDatasetFacet(
            told.rows_in, told.admitted, told.corrected, told.quarantined, told.withheld, facts.released, reasons
        )
    return output


def _table(name: str, settings: Settings) -> ol.OutputDataset:
    """A table of the layer by the place of its files, which is what other tools that read them call it."""
    table = load_table(name)
    where, bucket_or_path = _place(settings.layer_data)
    fields = [
        schema_dataset.SchemaDatasetFacetFields(column, type_, comment, number)
        for number, (column, (type_, comment)) in enumerate(columns_of(table).items(), 1)
    ]
    return ol.OutputDataset(
        where, f"{bucket_or_path.rstrip('/')}/{table.schema}/{table.name}".lstrip("/" if where != "file" else ""),
        facets={
            "schema": schema_dataset.SchemaDatasetFacet(fields),
            "storage": storage_dataset.StorageDatasetFacet("ducklake", "parquet"),
            "symlinks": symlinks_dataset.SymlinksDatasetFacet([symlinks_dataset.Identifier("ducklake", table.place, "TABLE")]),
        },
    )  # fmt: skip


def _event(
    state: ol.RunState, told: Told, dataset: Dataset | None, *, inputs: list[ol.InputDataset], outputs: list[ol.OutputDataset] | None = None,
    about: dict[str, Any] | None = None, facets: dict[str, Any] | None = None,
) -> ol.RunEvent:  # fmt: skip
    run: dict[str, Any] = {
        "euregio_run": EuregioRunFacet(told.job, told.run_id, told.period, told.batch, **(about or {})),
        **(facets or {}),
    }
    if told.period and _is_period(told.period):
        run["nominalTime"] = nominal_time_run.NominalTimeRunFacet(begin_of(told.period).isoformat())
    kind = job_type_job.JobTypeJobFacet("BATCH", "EUREGIO", "DATASET" if dataset else "USE_CASE")
    job: dict[str, Any] = {"jobType": kind}
    if dataset:
        job["documentation"] = documentation_job.DocumentationJobFacet(f"{dataset.title}, {dataset.publisher}")
        job["ownership"] = ownership_job.OwnershipJobFacet([ownership_job.Owner(dataset.owner)])
    event = ol.RunEvent(
        eventTime=datetime.now(UTC).isoformat(), eventType=state, run=ol.Run(told.id, run),
        job=ol.Job(namespace(), f"euregio.{told.job}", job), inputs=inputs, outputs=outputs or [], producer=PRODUCER,
    )  # fmt: skip
    return _ours(event)


def _ours(event: ol.RunEvent) -> ol.RunEvent:
    """The same with us as the producer of every facet: the client would name itself."""
    of_datasets = [
        facets
        for one in (*(event.inputs or ()), *(event.outputs or ()))
        for facets in (one.facets, getattr(one, "inputFacets", None), getattr(one, "outputFacets", None))
    ]
    for facets in (event.run.facets, event.job.facets, *of_datasets):
        for facet in (facets or {}).values():
            facet._producer = PRODUCER
    return event


def _is_period(text: str) -> bool:
    try:
        begin_of(text)
    except EuregioError:
        return False
    return True
