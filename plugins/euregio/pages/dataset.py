"""One dataset in full: quality, what was kept back and why, corrections, policy, releases, lineage."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from euregio import pipeline
from euregio.alerts import evidence
from euregio.declarations import datasets
from euregio.declarations.datasets import Dataset
from euregio.declarations.profiles import load_profile
from euregio.declarations.tables import Table, load_table
from euregio.errors import EuregioError
from euregio.harmonise.run import tables_of
from euregio.pages import resources
from euregio.pages.incidents import NotFound, accepted_of, line_of
from euregio.pages.lineage import lineage
from euregio.pages.models import (
    Correction,
    DatasetFacts,
    KeptBack,
    Reason,
    Release,
    Retracted,
    Rule,
    RunState,
    TablePolicy,
)  # fmt: skip
from euregio.pages.overview import line, open_of, releases_of
from euregio.pages.sources import Known, Layer, asked_layer, incidents
from euregio.release.gate import passage
from euregio.release.write import DERIVED
from euregio.settings import Settings

_LOG = logging.getLogger(__name__)
_CORRECTIONS = 100
_SHOWN = 3
_CLOSED = 20
#: Beyond so many bytes a rows file in an object store is not fetched for a page.
_MOST_BYTES = 200_000_000


def declared(dataset_id: str, known: Known) -> Dataset:
    """The declaration. Raises NotFound where there is none that the user may read."""
    if not known.may_read(dataset_id):
        raise NotFound("there is no such dataset", found=dataset_id)
    try:
        return datasets.dataset(dataset_id)
    except EuregioError as error:
        raise NotFound(error.what, found=dataset_id, do="The list of datasets names all that are declared.") from error


def dataset(dataset_id: str, known: Known, runs: Sequence[RunState], settings: Settings) -> DatasetFacts:
    """All about a dataset; `runs` are its last ones as Airflow knows them. Raises NotFound."""
    one = declared(dataset_id, known)
    tables = fed(one)
    still, _ = incidents(settings, open_only=True)
    past, _ = incidents(settings, dataset=dataset_id)
    with asked_layer(settings) as layer:
        history, news = releases_of(layer, dataset_id)
        current = in_force(history)
        mine = open_of(still).get(dataset_id, [])
        facts: dict[str, Any] = {
            "layer": layer.why, "line": line(one, known, load_profile(settings.profile), history, news, mine),
            "releases": sorted(history, key=lambda each: (each.period, each.released_at), reverse=True),
            "reasons": reasons_of(layer, dataset_id, current), "rules": rules_of(layer, dataset_id, current),
            "corrections": _corrections(layer, dataset_id, current), "accepted": accepted_of(layer, dataset_id),
            "retracted": _retracted(layer, dataset_id), "kept": _kept(one, current, settings, layer, known.sees_rows),
        }  # fmt: skip
    licence, release = one.licence, one.release
    return DatasetFacts(
        at=known.at, **facts, format=one.format, homepage=one.homepage, time_zone=one.time_zone,
        licence_id=licence.id if licence else None, licence_url=licence.url if licence else None,
        licence_sure=licence.sure if licence else None, attribution=one.attribution, notes=one.notes,
        fields=list(release.fields) if release else [], rows_condition=release.rows if release else None,
        grain=release.grain if release else None, gates=one.gates.model_dump(), tables=[_policy(one, each) for each in tables],
        closed=[line_of(each) for each in past if each.closed_at][:_CLOSED],
        runs=resources.priced(runs, one.country), no_cost=resources.why_no_cost(one.country), lineage=lineage(one, [each.name for each in tables]),
    )  # fmt: skip


def fed(one: Dataset) -> list[Table]:
    """Tables that the dataset feeds: its format's, and those derived of them."""
    own = tables_of(one.format)
    names = [*own, *(derived for name in own for derived in DERIVED.get(name, ()))]
    return [load_table(name) for name in dict.fromkeys(names)]


def in_force(history: Sequence[Release]) -> list[Release]:
    """Of each table its latest release."""
    return list({one.table: one for one in sorted(history, key=lambda each: (each.period, each.released_at))}.values())


def reasons_of(layer: Layer, dataset_id: str, current: Sequence[Release]) -> list[Reason]:
    """Why rows of these releases were kept back, the most frequent first."""
    found = []
    for one in current:
        for row in layer.rows(
            """SELECT reason, rows_count FROM quality.verdict WHERE dataset = ? AND table_name = ? AND period = ?
               AND verdict = 'quarantined' AND reason <> '' AND rows_count > 0""",
            dataset_id, one.table, one.period,
        ):  # fmt: skip
            share = row["rows_count"] / one.rows_in_count if one.rows_in_count else 0.0
            found.append(Reason(table=one.table, share=share, **row))
    return sorted(found, key=lambda each: (-each.rows_count, each.table, each.reason))


def rules_of(layer: Layer, dataset_id: str, current: Sequence[Release]) -> list[Rule]:
    """Rules that did not hold for all records of these releases, the gravest first."""
    found: list[Rule] = []
    for period, run_id in dict.fromkeys((one.period, one.run_id) for one in current):
        found += [
            Rule(**row)
            for row in layer.rows(
                """SELECT table_name AS "table", reason, severity, evaluated_count, failed_count FROM quality.rule_outcome
                   WHERE dataset = ? AND period = ? AND run_id = ? AND (failed_count > 0 OR NOT is_success)
                   ORDER BY list_position(['critical', 'warning', 'info'], severity), failed_count DESC, reason LIMIT 200""",
                dataset_id, period, run_id,
            )
        ]  # fmt: skip
    return found


def _corrections(layer: Layer, dataset_id: str, current: Sequence[Release]) -> list[Correction]:
    """Corrected values by field and reason, the most frequent first, with the first records of each."""
    found = []
    for one in current:
        found += [
            Correction(table=one.table, **row)
            for row in layer.rows(
                f"""SELECT field, why, count(*) AS rows_count, list(was ORDER BY raw)[1:{_SHOWN}] AS was,
                           list("now" ORDER BY raw)[1:{_SHOWN}] AS "now",
                           list(split_part(raw, '#', 2) ORDER BY raw)[1:{_SHOWN}] AS records
                    FROM quality.correction WHERE dataset = ? AND table_name = ? AND period = ?
                    GROUP BY field, why ORDER BY rows_count DESC, field, why LIMIT {_CORRECTIONS}""",
                dataset_id, one.table, one.period,
            )
        ]  # fmt: skip
    return sorted(found, key=lambda each: -each.rows_count)


def _retracted(layer: Layer, dataset_id: str) -> list[Retracted]:
    return [
        Retracted(**row)
        for row in layer.rows(
            "SELECT period, person, reason, rows_count, retracted_at FROM catalogue.retraction WHERE dataset = ? "
            "ORDER BY retracted_at DESC LIMIT 100",
            dataset_id,
        )
    ]


def _policy(one: Dataset, table: Table) -> TablePolicy:
    try:
        through = passage(one, table)
        barrier, crossing, staying = through.barrier, through.crossing, through.withheld_columns
    except EuregioError as error:  # a policy that cannot be understood: nothing crosses
        barrier, crossing, staying = str(error), (), tuple(column.name for column in table.columns)
    return TablePolicy(
        name=table.name, place=table.place, version=table.version, description=table.description, grain=table.grain,
        barrier=barrier, crossing=list(crossing), staying=list(staying),
    )  # fmt: skip


def _kept(
    one: Dataset, current: Sequence[Release], settings: Settings, layer: Layer, sees_rows: bool
) -> list[KeptBack]:
    """What the zone shows of rows that were kept back: numbers of records always, rows where policy and right let them.

    The zone of a country with its own workers cannot be read from here; then the page says so.
    """
    import json

    found = []
    for release in current:
        if not release.quarantined_count:
            continue
        table = load_table(release.table)
        rows = f"batches/{release.period.replace(':', '')}/{release.batch_id}/rows-{release.table}.parquet"
        kept = KeptBack(table=release.table, records={}, rows=[])
        try:
            zone = pipeline.zone_of(one, settings)
            if not zone.exists(rows):
                kept.why_not = "The zone does not hold the rows any more, or it cannot be read from here."
            elif zone.size(rows) > _MOST_BYTES:
                kept.why_not = f"They are many: `euregio quarantine {one.id}` shows them."
            else:
                kept.records = evidence.records(zone, rows, settings, layer.con)
                samples = evidence.sample_rows(zone, one, table, rows, settings, layer.con) if sees_rows else []
                kept.rows = [json.loads(row) for row in samples]
                if not kept.rows:
                    kept.why_not = _closed_words(one, table) if sees_rows else "Your role shows no rows of them."
        except Exception:  # the zone is another's, or it is down: the page goes without
            _LOG.info("%s: the zone shows nothing", one.id, exc_info=True)
            kept.why_not = "The zone cannot be read from here."
        found.append(kept)
    return found


def _closed_words(one: Dataset, table: Table) -> str:
    through = passage(one, table)
    if through.access_class != "open":
        return f"The access class is {through.access_class}: rows are not shown."
    return (
        f"Nothing of them may cross: {through.barrier}."
        if through.barrier
        else "The policy's condition lets none of them be shown."
    )
