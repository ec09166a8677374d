"""Metrics of our own through Airflow's StatsD or OpenTelemetry: rows, verdicts, bytes, seconds, freshness, per dataset.

All are gauges: a task is a process of its own, and a counter that begins at 0 in each of them adds up to nothing.
Names and meanings are listed in docs/how-to/upkeep.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

_LOG = logging.getLogger(__name__)


def active() -> bool:
    """Whether Airflow sends metrics at all ([metrics] statsd_on, statsd_datadog_enabled, otel_on)."""
    from airflow.sdk.configuration import conf

    return any(conf.getboolean("metrics", name) for name in ("statsd_on", "statsd_datadog_enabled", "otel_on"))


def gauge(name: str, value: float | None, **labels: str) -> None:
    """Set the gauge `euregio.<name>`; a value that is not known is not sent. Raises nothing.

    OpenTelemetry, DataDog and InfluxDB carry the labels as tags; plain StatsD knows none, there their values follow on
    the name in the order given.
    """
    if value is None:
        return
    try:
        from airflow.sdk.observability.stats import Stats, normalize_name_for_stats

        stat, tags = f"euregio.{name}", {key: str(text) for key, text in labels.items()}
        if not _tagged():
            parts = (normalize_name_for_stats(text, log_warning=False) for text in tags.values())
            stat, tags = ".".join([stat, *parts]), {}
        Stats.gauge(stat, value, tags=tags)
    except Exception:
        _LOG.warning("the metric %s could not be sent", name, exc_info=True)


def _tagged() -> bool:
    from airflow.sdk.configuration import conf

    if conf.getboolean("metrics", "statsd_datadog_enabled"):
        return True
    if conf.getboolean("metrics", "statsd_on"):
        return conf.getboolean("metrics", "statsd_influxdb_enabled")
    return True


@contextmanager
def timed(dataset: str, step: str) -> Iterator[None]:
    """Within it runs a step of a dataset (or use case); how long it took is sent, also where it fails."""
    began = monotonic()
    try:
        yield
    finally:
        gauge("step_seconds", monotonic() - began, dataset=dataset, step=step)


def of_release(dataset: str, facts: Any, *, records: int, size_bytes: int | None) -> None:
    """The numbers of a release (euregio.lineage.facts.ReleaseFacts), as the layer has them."""
    gauge("records", records, dataset=dataset)
    gauge("landed_bytes", size_bytes, dataset=dataset)
    for table in facts.tables:
        gauge("rows", table.released, dataset=dataset, table=table.table, verdict="released")
        if table.verdicts is None:
            continue
        for verdict in ("admitted", "corrected", "quarantined", "withheld"):
            gauge("rows", getattr(table.verdicts, verdict), dataset=dataset, table=table.table, verdict=verdict)
        for reason, rows in table.verdicts.reasons.items():
            gauge("reason_rows", rows, dataset=dataset, table=table.table, reason=reason)
    if facts.released_at and facts.source_updated_at:
        age = (facts.released_at - facts.source_updated_at).total_seconds()
        gauge("source_age_seconds", age, dataset=dataset)


def of_freshness(sights: Iterable[Any], at: datetime) -> None:
    """How old what stands is (euregio.alerts.round.Sight): since it was released, and since it was last found to be so."""
    if not active():
        return
    for sight in sights:
        released = sight.release[1] if sight.release else None
        looked = max((one for one in (released, sight.look.at if sight.look else None) if one), default=None)
        gauge("release_age_seconds", released and (at - released).total_seconds(), dataset=sight.dataset)
        gauge("freshness_seconds", looked and (at - looked).total_seconds(), dataset=sight.dataset)
