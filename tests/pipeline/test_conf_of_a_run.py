"""What a run's conf asks of extract: the publisher's bytes, the landed ones, or a held batch with a person's word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from euregio import pipeline
from euregio.check.gates import BatchBlocked
from euregio.errors import DeclarationError
from euregio.orchestration.word import sealed
from office import NAME, Office, register


@pytest.fixture
def first(office: Office, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Extract, as a run with this conf and user calls it."""
    from euregio.orchestration import dataset_dags

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of this installation")
    for name in ("home", "profile", "zones", "layer_catalogue", "layer_data"):
        monkeypatch.setenv(f"EUREGIO_{name.upper()}", str(getattr(office.settings, name)))

    def ask(day: str, conf: dict[str, Any] | None, user: str | None = "anna") -> pipeline.Batch:
        run = SimpleNamespace(conf=conf, run_id="run", triggering_user_name=user)
        monkeypatch.setattr(dataset_dags, "get_current_context", lambda: {"dag_run": run})
        return dataset_dags._first_batch(NAME, day)

    return ask


def test_without_a_conf_it_is_the_publishers_bytes(office: Office, first: Any) -> None:
    office.lay("2026-11-20", register(range(30)))
    assert first("2026-11-20", None).records == 30
    assert first("2026-11-20", {"from": "publisher"}).records == 30


def test_landed_bytes_need_no_publisher(office: Office, first: Any) -> None:
    office.run("2026-11-20", register(range(30)))
    office.lay("2026-11-20", "the publisher is down")
    assert first("2026-11-20", {"from": "landed"}).unchanged


def test_a_held_batch_goes_on_with_the_word_of_the_user_who_triggered_it(office: Office, first: Any) -> None:
    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        office.run("2026-11-21", register(range(100)))
    given = {"batch": said.value.batch, "gates": ["volume"], "reason": "it is meant so", "person": "somebody else"}
    accept = sealed(given, dataset=NAME, period="2026-11-21", run_id="run", person="anna")
    batch = first("2026-11-21", {"accept": accept})
    assert batch.accepted.person == "anna"
    onward = pipeline.onward(pipeline.Batch.from_json(batch.to_json()), office.settings)
    assert onward.released == 100
    assert office.ask("SELECT person, reason FROM quality.acceptance") == [("anna", "it is meant so")]
    with pytest.raises(DeclarationError, match="named person"):
        first("2026-11-21", {"accept": accept}, user=None)


def test_a_word_that_the_pages_did_not_take_accepts_nothing(
    office: Office, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may start runs writes their conf: the seal says that the right to accept was asked."""
    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        office.run("2026-11-21", register(range(100)))
    given = {"batch": said.value.batch, "gates": ["volume"], "reason": "it is meant so"}
    facts = {"dataset": NAME, "period": "2026-11-21", "run_id": "run", "person": "anna"}
    good = sealed(given, **facts)
    forged = [given, {**given, "seal": None}, {**given, "seal": "0" * 64}, {**good, "gates": ["volume", "identity"]}]
    forged += [{**good, "reason": "it is not meant so"}, {**good, "batch": "ab" * 10}, {**good, "seal": "é\ud800"}]
    forged += [sealed(given, **{**facts, name: other}) for name, other in (
        ("dataset", "fr.charging__other"), ("period", "2026-11-20"), ("run_id", "another"), ("person", "eve"))]  # fmt: skip
    for accept in forged:
        with pytest.raises(DeclarationError, match="not one that the pages took"):
            first("2026-11-21", {"accept": accept})
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "another installation's")
    with pytest.raises(DeclarationError, match="not one that the pages took"):
        first("2026-11-21", {"accept": good})
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "")
    with pytest.raises(DeclarationError, match="cannot be sealed"):
        first("2026-11-21", {"accept": good})


@pytest.mark.parametrize("conf", [{"from": "elsewhere"}, {"accept": "yes"}, {"accept": {"gates": ["volume"]}}])
def test_a_conf_that_asks_for_what_there_is_not_is_refused(first: Any, conf: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        first("2026-11-20", conf)


def test_what_a_task_before_hands_on_names_nobody_who_accepted(office: Office, first: Any) -> None:
    """An XCom can be written by others than its task: an acceptance is what the run's conf seals, in every step."""
    from euregio.orchestration import dataset_dags

    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        office.run("2026-11-21", register(range(100)))
    given = {"batch": said.value.batch, "gates": ["volume"], "reason": "it is meant so"}
    accept = sealed(given, dataset=NAME, period="2026-11-21", run_id="run", person="anna")
    reference = first("2026-11-21", {"accept": accept}).to_json()
    assert dataset_dags._batch(reference, NAME, "2026-11-21").accepted.person == "anna"
    reference["accepted"]["person"] = "stella"
    assert dataset_dags._batch(reference, NAME, "2026-11-21").accepted.person == "anna"
    first("2026-11-20", {"from": "landed"})  # a run of an engineer, whose conf has no word
    forged = dataset_dags._batch(reference, NAME, "2026-11-21")
    assert forged.accepted is None
    with pytest.raises(BatchBlocked):
        pipeline.check(forged, settings=office.settings)
    for other in ({"dataset": "fr.charging__other"}, {"period": "2026-11-20"}):
        with pytest.raises(DeclarationError, match="not this run's"):
            dataset_dags._batch({**reference, **other}, NAME, "2026-11-21")


@pytest.mark.parametrize(
    ("key", "conf"),
    [
        ("DE|2026-11-20", {}), ("FR|2026-11-20|x", {}), ("FR|../../x", {}), ("FR|2026-11-20\n", {}), ("FR|2062-11-20", {}),
        ("FR|٢٠٢٦-11-20", {}), (None, {"period": "2062-11-20"}), (None, {"period": ["2026-11-20"]}), (None, {"period": 2026}),
        (None, {"period": {"a": 1}}), (None, {"period": "../../x"}),
    ],
)  # fmt: skip
def test_a_partition_that_is_none_of_the_datasets_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str | None, conf: dict[str, Any]
) -> None:
    from euregio.orchestration import dataset_dags
    from euregio.orchestration.partitions import Rhythm

    run = SimpleNamespace(partition_key=key, conf=conf, run_after=None)
    monkeypatch.setattr(dataset_dags, "get_current_context", lambda: {"dag_run": run})
    with pytest.raises(DeclarationError):
        dataset_dags._period(Rhythm.of("P1D"), "FR", NAME)


@pytest.mark.parametrize("key", ["EU|2062-11-20", "EU|zzzz", "EU|9999", "EU|2026-11", "EU|../../x"])
def test_a_day_that_is_none_is_not_computed_and_not_remembered(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Values of a day of the future would be the newest for ever: later ones keep the newest name."""
    from euregio.orchestration import indicator_dags

    noted: dict[str, Any] = {}
    state = SimpleNamespace(get=lambda name, default: noted.get(name, default), set=noted.__setitem__)
    run = SimpleNamespace(partition_key=key, dag_id="indicators.charging")
    context = {"dag_run": run, "asset_state_store": {None: state}, "ti": SimpleNamespace(get_dr_count=lambda **_: 0)}
    monkeypatch.setattr(indicator_dags, "get_current_context", lambda: context)
    with pytest.raises(DeclarationError):
        indicator_dags._due_days(None)
    assert noted == {}
    run.partition_key = "EU|2026-11-20"
    assert indicator_dags._due_days(None) == ["2026-11-20"]
