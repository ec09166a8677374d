"""From a task to those who watch from outside: lineage events and metrics of a run; neither ever fails or holds up a run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from airflow.sdk import get_current_context

from euregio.lineage import send
from euregio.orchestration import metrics

_LOG = logging.getLogger(__name__)
_Given = ParamSpec("_Given")


def _harmless(work: Callable[_Given, None]) -> Callable[_Given, None]:
    """The same, with its errors logged and gone: what watches a run must not fail it."""

    @wraps(work)
    def safely(*args: _Given.args, **kwargs: _Given.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Exception as error:  # its text may hold what a log should not
            _LOG.warning("a run could not be told of to those who watch: %s", type(error).__name__)

    return safely


@_harmless
def began(job: str, period: str, dataset: Any = None) -> None:
    """The present run begins: of a dataset, or of a use case."""
    if not send.configured():
        return
    context = get_current_context()
    told, again = _told(job, context["run_id"], period), context["ti"].try_number > 1
    send.tell(lambda: _events().started(told(), dataset, _settings(), again=again))


@_harmless
def ended(dataset: Any, batch: dict[str, Any]) -> None:
    """The present run of a dataset has ended well: `batch` (pipeline.Batch as JSON) was released, or is unchanged."""
    watched, measured = send.configured(), metrics.active()
    if not (watched or measured):
        return
    from euregio.errors import EuregioError
    from euregio.lineage.facts import ReleaseFacts, facts_of, landed_bytes
    from euregio.pipeline import Batch

    settings, one = _settings(), Batch.from_json(batch)
    facts, size = None, None
    if not one.unchanged:
        size = landed_bytes(dataset, one, settings)
        try:
            facts = facts_of(dataset, one.period, one.run_id, settings)
        except EuregioError as error:  # another run has replaced it already
            _LOG.info("%s", error)
            facts = ReleaseFacts((), one.snapshot_id)
    if measured and facts:
        metrics.of_release(dataset.id, facts, records=one.records, size_bytes=size)
    told = _told(dataset.id, get_current_context()["run_id"], one.period, one.batch_id)
    numbers = {"records": one.records, "size_bytes": size, "files": len(one.files)}
    send.tell(lambda: _events().completed(told(), dataset, settings, facts, **numbers))


@_harmless
def published(job: str, use_case: str, summaries: list[dict[str, Any]]) -> None:
    """The present run of a use case has published its values (use_case.compute's summaries)."""
    from euregio.orchestration.assets import tables_read

    values, withheld = (sum(int(one.get(name) or 0) for one in summaries) for name in ("values", "withheld"))
    period = str(summaries[-1].get("period")) if summaries else None
    if metrics.active():
        metrics.gauge("values", values, dataset=job, status="computed")
        metrics.gauge("values", withheld, dataset=job, status="withheld")
    if send.configured():
        told, reads = _told(job, get_current_context()["run_id"], period), tables_read(use_case)
        send.tell(lambda: _events().completed_use_case(told(), reads, _settings(), values=values, withheld=withheld))


@_harmless
def failed(job: str, run_id: str, period: str | None, problem: dict[str, Any]) -> None:
    """A run of a dataset or use case has failed for good; `problem` as alerts.problem.Problem.to_json."""
    if not send.configured():
        return
    from euregio.declarations.datasets import dataset
    from euregio.errors import EuregioError

    try:
        declared = dataset(job)
    except EuregioError:
        if not job.startswith("indicators."):
            return  # upkeep and watch move no data
        declared = None
    told = _told(job, run_id, period, (problem.get("batch") or {}).get("batch_id"))
    send.tell(lambda: _events().failed(told(), declared, _settings(), problem))


def _told(job: str, run_id: str, period: str | None, batch: str | None = None) -> Callable[[], Any]:
    """How to name the run; it is named where the event is made, for the events' module may not be there."""
    return lambda: _events().Told(job, run_id, period, batch or None)


def _events() -> Any:
    """The events' module: it needs openlineage-python, which a small installation lacks."""
    from euregio.lineage import events

    return events


def _settings() -> Any:
    from euregio.settings import Settings

    return Settings()
