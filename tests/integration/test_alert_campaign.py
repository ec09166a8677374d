"""A campaign: over forty incidents of twenty kinds and forty healthy runs, told to a real mail server and webhook receiver."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import faults
import pytest
from campaign import Airflow
from sinks import MailSink, WebhookSink

from euregio.alerts.kinds import load_kinds
from own_settings import forget_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ALERTS = """
channels:
  mail: {kind: mail, connection: smtp_sink, to: [owner]}
  hook: {kind: apprise, connection: hook_sink}
owners: {Grid team: [grid@example.org], data engineering: [team@example.org]}
routes:
  - {channels: [mail]}
  - {severities: [critical], channels: [hook]}
"""
#: Each with faults that the others do not have, besides those that all have.
DATASETS = {
    "nl.charging__dot_nl": ("out_of_disk", "volume_anomaly"),
    "fr.charging__irve_static": ("store_unavailable", "schema_drift"),
    "es.charging__electrolineras": ("out_of_memory", "identity_churn"),
    "be.charging__eco_movement": ("program_error", "release_refused"),
    "ch.charging__ich_tanke_strom": ("layer_busy", "layer_unavailable"),
}
OWNERS = {"nl": "Grid team"}
#: What an alert calls a place whose incident is not of one dataset.
SCOPES = {"out_of_disk": "nl.*", "store_unavailable": "fr.*", "layer_busy": "*", "layer_unavailable": "*"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The simulated publishers, the sinks, and Airflow's stand-in over an empty layer."""
    from euregio.alerts import facts
    from euregio.declarations import datasets, profiles
    from euregio.sandbox.running import Sandbox

    root, patch = tmp_path_factory.mktemp("campaign"), pytest.MonkeyPatch()
    with MailSink() as mail, WebhookSink() as hook, Sandbox(80, 7) as sandbox:
        extra = {"from_email": "euregio@example.org", "disable_ssl": True, "disable_tls": True}
        connections = {
            "SMTP_SINK": {"conn_type": "smtp", "host": "127.0.0.1", "port": mail.port, "extra": extra},
            "HOOK_SINK": {
                "conn_type": "apprise",
                "extra": {"config": [{"path": f"json://127.0.0.1:{hook.port}/", "tag": "all"}]},
            },
        }
        forget_settings(patch)
        for name, value in {
            "EUREGIO_HOME": str(root), "EUREGIO_PROFILE": "sandbox", "EUREGIO_SANDBOX_URL": sandbox.address,
            **{f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()},
        }.items():  # fmt: skip
            patch.setenv(name, value)
        profiles.load_profile.cache_clear()
        (root / "alerts.yaml").write_text(ALERTS)
        patch.setattr("euregio.declarations.alerts.FILE", root / "alerts.yaml")
        patch.setattr("euregio.extract.fetch.http.sleep", lambda _: None)
        declared = {
            id_: datasets.dataset(id_).model_copy(update={"owner": OWNERS.get(id_[:2], "data engineering")})
            for id_ in DATASETS
        }
        as_declared = datasets.dataset
        patch.setattr(datasets, "dataset", lambda id_, *_: declared.get(id_) or as_declared(id_))
        patch.setattr(datasets, "load_datasets", lambda *_: list(declared.values()))
        kept: dict = {}  # what stands in the layer is asked once for each dataset: the real Airflow's test asks it each time
        real = facts.about

        def about(id_, tables, settings=None):
            if id_ not in kept:
                kept[id_] = real(id_, tables, settings)
            return dict(kept[id_])

        patch.setattr(facts, "about", about)
        try:
            yield mail, hook, sandbox, Airflow(patch), declared, root
        finally:
            patch.undo()
            profiles.load_profile.cache_clear()


def period(dataset, day: int) -> str:
    return f"2026-11-{day:02}T10:00Z" if dataset.rhythm == "PT1H" else f"2026-11-{day:02}"


@pytest.fixture(scope="module")
def told(world):
    """The whole campaign; gives the injected incidents, and how many messages there were at its stages."""
    mail, _, sandbox, airflow, declared, root = world
    injected: list[tuple[str, str]] = []
    counts: dict[str, int] = {}

    def fail(dataset, kind: str, *with_: object, day: int = 20, **how) -> None:
        assert airflow.run(dataset, period(dataset, day), *with_, **how) == "failed", kind
        injected.append((SCOPES.get(kind, dataset.id), kind))

    for dataset in declared.values():  # healthy: the first release
        assert airflow.run(dataset, period(dataset, 19)) == "success", airflow.said
    airflow.watch()
    counts["after the first releases"] = len(mail.mails)

    for dataset, own in zip(declared.values(), DATASETS.values(), strict=True):
        for kind, mode, how in (
            ("publisher_unreachable", "http_500", {}), ("publisher_refuses", "retry_later", {"status": 404}),
            ("not_the_dataset", "html", {}), ("undecodable", "cut_off", {}),
        ):  # fmt: skip
            fail(dataset, kind, faults.fresh(), faults.misbehaving(sandbox, dataset, mode, **how))
        fail(dataset, "rule_failed", faults.fresh(), faults.suite(dataset, root / "suites", faults.rule("critical")))
        fail(dataset, "task_died", faults.fresh(), killed="harmonise" if dataset.country == "es" else "extract")
        for kind in own:
            fail(dataset, kind, faults.fresh(), faults.OURS[kind]())
        # the same cause in the next period, and in a run whose callback is lost, is the same incident
        assert airflow.run(dataset, period(dataset, 21), faults.misbehaving(sandbox, dataset, "html")) == "failed"
    nl, fr = declared["nl.charging__dot_nl"], declared["fr.charging__irve_static"]
    fail(fr, "declaration_wrong", faults.fresh(), faults.suite(fr, root / "suites", faults.broken))
    fail(nl, "nothing_sound", faults.fresh(), faults.raising_nothing_sound())
    hanging = airflow.hang(nl, period(nl, 21))
    injected.append((nl.id, "run_hangs"))
    fail(
        fr, "out_of_memory", faults.fresh(), faults.OURS["out_of_memory"](), callback=False
    )  # only the watch can tell it
    airflow.watch(datetime.now(UTC) + timedelta(minutes=2))
    airflow.watch(datetime.now(UTC) + timedelta(minutes=3))
    counts["after the failures"] = len(mail.mails)

    airflow.runs[nl.id, hanging] = "success"
    for number in range(7):  # healthy: whatever was wrong is over, and the publishers have nothing new
        for dataset in declared.values():
            assert airflow.run(dataset, period(dataset, 21)) == "success", airflow.said
        if number in (0, 1, 6):
            airflow.watch()
            counts[f"after healthy round {number}"] = len(mail.mails)

    later = datetime.now(UTC) + timedelta(days=3)
    for _ in range(2):
        airflow.watch(later)
    injected += [(id_, "stale" if id_ == nl.id else "late") for id_ in declared]
    counts["after silence"] = len(mail.mails)
    airflow.watch()
    counts["after silence is over"] = len(mail.mails)
    return injected, counts


def opened(mails) -> list:
    return [one for one in mails if one["Subject"].startswith(("[critical]", "[warning]", "[info]"))]


def test_the_campaign_is_as_large_as_it_says(told) -> None:
    injected, _ = told
    assert len(injected) >= 40
    assert len({kind for _, kind in injected}) >= 12
    print(f"{len(injected)} incidents of {len({kind for _, kind in injected})} kinds, 40 healthy runs")


def test_every_incident_is_one_and_is_told_exactly_once(world, told) -> None:
    from euregio.storage.journal import open_journal

    injected, _ = told
    with open_journal() as journal:
        noted = journal.incidents()
    assert Counter((one.dataset, one.kind) for one in noted) == Counter(injected)
    by_incident = Counter(one["X-Euregio-Incident"] for one in opened(world[0].mails))
    assert by_incident == Counter(one.incident_id for one in noted if one.severity != "info")


def test_each_goes_to_its_owner_with_its_severity(world, told) -> None:  # noqa: ARG001
    from euregio.storage.journal import open_journal

    with open_journal() as journal:
        noted = {one.incident_id: one for one in journal.incidents()}
    for one in opened(world[0].mails):
        incident = noted[one["X-Euregio-Incident"]]
        first = incident.facts["datasets"][0]
        assert one["X-Euregio-Severity"] == incident.severity == load_kinds()[incident.kind].severity
        assert incident.owner == OWNERS.get(first[:2], "data engineering")
        assert one["X-Rcpt"] == ("grid@example.org" if first.startswith("nl") else "team@example.org")


def test_the_webhook_gets_the_critical_ones_once(world, told) -> None:
    injected, _ = told
    critical = Counter(pair for pair in injected if load_kinds()[pair[1]].severity == "critical")
    got = Counter((one["dataset"], one["kind"]) for one in world[1].facts if one["what"] == "opened")
    assert got == critical
    cleared = Counter((one["dataset"], one["kind"]) for one in world[1].facts if one["what"] == "closed")
    assert cleared == critical


def test_nobody_is_told_of_a_healthy_run(world, told) -> None:  # noqa: ARG001
    _, counts = told
    assert counts["after the first releases"] == 0
    assert counts["after healthy round 6"] == counts["after healthy round 1"] == counts["after healthy round 0"]


def test_every_all_clear_is_given_once(world, told) -> None:
    injected, counts = told
    sent = [one for one in world[0].mails if one["Subject"].startswith("[all clear]")]
    grave = [pair for pair in injected if load_kinds()[pair[1]].severity != "info"]
    assert Counter(one["X-Euregio-Incident"] for one in sent).most_common(1)[0][1] == 1
    assert len(sent) == len(grave)
    assert (
        counts["after healthy round 0"] - counts["after the failures"] == len(grave) - 1
    )  # the stale one is yet to come


def test_no_row_and_no_secret_is_in_what_was_told(world, told) -> None:  # noqa: ARG001
    said = "".join(one.as_string() for one in world[0].mails) + json.dumps(world[1].messages)
    assert "Hans Muster" not in said
    with_journal = (world[5] / "journal.sqlite").read_bytes()
    assert b"Hans Muster" not in with_journal
