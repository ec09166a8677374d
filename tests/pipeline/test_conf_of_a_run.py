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
    forged += [{**good, "reason": "it is not meant so"}, {**good, "batch": "ab" * 10}]
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
