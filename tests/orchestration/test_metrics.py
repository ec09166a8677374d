"""Metrics reach a StatsD server and an OpenTelemetry collector with the numbers that the layer has, and never fail a run."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from euregio import pipeline
from euregio.declarations import datasets
from euregio.orchestration import metrics, observed
from office import DATASET, NAME, Office, office, register  # noqa: F401  a fixture
from sinks_of_watchers import HttpSink, StatsdSink

DAY = "2026-11-20"


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Airflow's metrics set up as its task runner does, by what the test puts into the environment before `begin`."""
    from airflow.sdk._shared.observability.metrics import stats as module

    yield monkeypatch
    module.initialize(factory=module.NoStatsLogger, export_legacy_names=False)


def begin() -> None:
    from airflow.sdk._shared.observability.metrics import stats as module
    from airflow.sdk.observability.metrics import stats_utils

    module.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


def _released(office: Office, monkeypatch: pytest.MonkeyPatch) -> dict:  # noqa: F811  the fixture's value
    def wrong(line: str) -> str:
        return line.replace(",22,", ",-5,") if int(line.split(",")[1].removeprefix("FRA01P")) % 5 == 0 else line

    monkeypatch.setattr(observed, "get_current_context", lambda: {"run_id": "r1"})
    monkeypatch.setattr(observed, "_settings", lambda: office.settings)
    office.lay(DAY, register(range(100), wrong))
    batch = pipeline.run(NAME, DAY, run_id="r1", settings=office.settings).to_json()
    with metrics.timed(NAME, "release"):
        observed.ended(datasets.dataset(NAME), batch)
    return batch


def test_plain_statsd_gets_each_number_of_a_release_under_its_datasets_name(
    office: Office,  # noqa: F811
    stats: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("statsd", reason="statsd is not there (requirements-production.lock)")
    declared = office.folder / "fr" / "charging__office.yaml"
    declared.write_text(DATASET + "time_zone: Europe/Paris\n")  # without it a date is no instant
    datasets.load_dataset.cache_clear()
    with StatsdSink() as sink:
        stats.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        stats.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
        stats.setenv("AIRFLOW__METRICS__STATSD_PORT", str(sink.port))
        begin()
        _released(office, stats)
        found = sink.after(f"airflow.euregio.step_seconds.{NAME}.release")
    rows = f"airflow.euregio.rows.{NAME}."
    told = {name.removeprefix(rows): value for name, value in found.items() if name.startswith(rows)}
    query = f"SELECT admitted_count, corrected_count, quarantined_count, withheld_count, released_count FROM catalogue.release WHERE dataset = '{NAME}'"
    verdicts = ("admitted", "corrected", "quarantined", "withheld", "released")
    expected = {f"recharging_point.{name}": count for name, count in zip(verdicts, office.ask(query)[0], strict=True)}
    for table in ("recharging_station", "recharging_site", "connector"):
        expected[f"{table}.released"] = office.ask(f"SELECT count(*) FROM core.{table}")[0][0]
    assert told == expected
    assert told["recharging_point.released"] > told["recharging_point.quarantined"] > 0
    reasons = office.ask("SELECT reason, rows_count FROM quality.verdict WHERE reason <> ''")
    assert reasons
    for reason, count in reasons:
        assert found[f"airflow.euregio.reason_rows.{NAME}.recharging_point.{reason}"] == count
    assert found[f"airflow.euregio.landed_bytes.{NAME}"] == (office.folder / f"{DAY}.csv").stat().st_size
    assert found[f"airflow.euregio.records.{NAME}"] == 100
    assert 0 <= found[f"airflow.euregio.step_seconds.{NAME}.release"] < 60
    ((age,),) = office.ask("SELECT epoch(released_at - source_updated_at) FROM catalogue.release")
    assert found[f"airflow.euregio.source_age_seconds.{NAME}"] == pytest.approx(age, abs=1)


def test_opentelemetry_gets_them_with_labels(office: Office, stats: pytest.MonkeyPatch) -> None:  # noqa: F811
    from airflow.sdk._shared.observability.metrics import otel_logger
    from opentelemetry import metrics as otel
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    with HttpSink() as sink:
        stats.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
        stats.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url)
        stats.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        begin()
        batch = _released(office, stats)
        provider = otel.get_meter_provider()
        provider.force_flush()
        provider.shutdown()
        atexit.unregister(otel_logger.flush_otel_metrics)
        found = {}
        for _, body in sink.posts:
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        for point in metric.gauge.data_points:
                            labels = tuple(sorted((one.key, one.value.string_value) for one in point.attributes))
                            found[metric.name, labels] = point.as_double or point.as_int
    for verdict in ("admitted", "quarantined", "released"):
        labels = (("dataset", NAME), ("table", "recharging_point"), ("verdict", verdict))
        assert found["airflow.euregio.rows", labels] == batch[verdict] > 0
    assert found["airflow.euregio.records", (("dataset", NAME),)] == 100


def test_freshness_counts_from_the_last_look_and_the_age_from_the_last_news(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[tuple[str, str], float] = {}
    monkeypatch.setattr(metrics, "active", lambda: True)
    monkeypatch.setattr(
        metrics, "gauge", lambda name, value, **labels: value is None or sent.update({(name, labels["dataset"]): value})
    )
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    day, hour = at - timedelta(days=1), at - timedelta(hours=1)
    sights = [
        SimpleNamespace(dataset="a", release=("2026-11-19", day), look=SimpleNamespace(at=hour)),
        SimpleNamespace(dataset="b", release=("2026-11-19", day), look=None),
        SimpleNamespace(dataset="c", release=None, look=None),
    ]
    metrics.of_freshness(sights, at)
    assert sent == {
        ("freshness_seconds", "a"): 3600, ("release_age_seconds", "a"): 86400,
        ("freshness_seconds", "b"): 86400, ("release_age_seconds", "b"): 86400,
    }  # fmt: skip


def test_nothing_is_asked_of_the_layer_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not metrics.active()
    monkeypatch.setattr("euregio.lineage.facts.facts_of", lambda *_: pytest.fail("the layer was asked"))
    observed.ended(SimpleNamespace(id=NAME), {"unchanged": False})


def test_a_metric_that_cannot_be_sent_fails_nothing(
    stats: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stats.setattr("airflow.sdk.observability.stats.Stats.gauge", lambda *_, **__: 1 / 0)
    metrics.gauge("rows", 1, dataset="x")
    assert "could not be sent" in caplog.text
