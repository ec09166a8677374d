"""A batch that a gate holds: the last release stays, its bytes are kept, a named person may let it through."""

from __future__ import annotations

import pytest

from euregio import again, pipeline
from euregio.check.gates import BatchBlocked
from euregio.declarations import datasets
from euregio.errors import DeclarationError, EuregioError
from euregio.gates import Acceptance
from office import NAME, Office, register

BATCH = "0123456789abcdef0123"
STANDS = "SELECT _period, count(*) FROM core.current_recharging_point GROUP BY ALL"


@pytest.mark.parametrize(
    ("now", "gate"),
    [
        (register(range(100)), "volume"),
        (register(range(900)).replace("nom_operateur", "operateur_2"), "schema"),
        (register(range(1000), lambda line: line.replace("FRA01E", "FRA01EX")), "identity"),
    ],
    ids=["few records", "a field gone", "other ids"],
)
def test_a_publishers_accident_does_not_replace_good_data(office: Office, now: str, gate: str) -> None:
    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        office.run("2026-11-21", now)
    assert said.value.gates == (gate,)
    held = said.value.batch
    assert f"euregio accept {NAME} 2026-11-21 --batch {held} --gates {gate}" in str(said.value)
    assert office.ask(STANDS) == [("2026-11-20", 1000)]
    zone = pipeline.zone_of(datasets.dataset(NAME), office.settings)
    landed = [place for place in zone.list("landing") if not place.endswith(".json")]
    assert len(landed) == 2, "the bytes of both days are kept"
    # once more without a person: held again, nothing else
    with pytest.raises(BatchBlocked):
        office.run("2026-11-21", now)
    # a person lets these very bytes through, whatever the publisher sends by then, and the layer says who and why
    office.lay("2026-11-21", "not looked at")
    meant = Acceptance(held, (gate,), "the publisher says so in its notes of 21 November", "anna")
    assert again.accept(NAME, "2026-11-21", meant, settings=office.settings).released > 0
    assert office.ask("SELECT DISTINCT _period FROM core.current_recharging_point") == [("2026-11-21",)]
    assert office.ask("SELECT period, gate, person, reason FROM quality.acceptance") == [
        ("2026-11-21", gate, "anna", "the publisher says so in its notes of 21 November")
    ]
    # twice accepted is once released
    assert again.accept(NAME, "2026-11-21", meant, settings=office.settings).unchanged


def test_an_acceptance_of_one_gate_does_not_open_another(office: Office) -> None:
    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        office.run("2026-11-21", register(range(100)))
    other = Acceptance(said.value.batch, ("identity",), "they were renamed", "anna")
    with pytest.raises(BatchBlocked, match="volume"):
        again.accept(NAME, "2026-11-21", other, settings=office.settings)
    assert office.ask(STANDS) == [("2026-11-20", 1000)]


def test_an_acceptance_is_of_its_batch_only(office: Office) -> None:
    office.run("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked):
        office.run("2026-11-21", register(range(100)))
    with pytest.raises(EuregioError, match="no such batch"):
        again.accept(
            NAME, "2026-11-21", Acceptance("ab" * 10, ("volume",), "it is meant so", "anna"), settings=office.settings
        )


def test_growth_and_the_usual_changes_pass(office: Office) -> None:
    office.run("2026-11-20", register(range(1000)))
    assert office.run("2026-11-21", register(range(20, 1800))).released == 1780
    assert office.run("2026-11-22", register(range(1800)).replace("Accès libre", "Accès réservé")).released == 1800
    assert office.ask("SELECT count(*) FROM quality.acceptance") == [(0,)]


def test_a_backfilled_day_is_held_against_the_day_before_it(office: Office) -> None:
    office.run("2026-11-15", register(range(200)))
    office.run("2026-11-25", register(range(590)))
    assert office.run("2026-11-16", register(range(190))).released == 190
    assert office.ask(STANDS) == [("2026-11-25", 590)]


@pytest.mark.parametrize(
    "given",
    [
        {"batch": BATCH, "gates": ["volume"], "reason": "ok", "person": "anna"},
        {"batch": BATCH, "gates": ["volume"], "reason": "it is meant so", "person": " "},
        {"batch": BATCH, "gates": ["everything"], "reason": "it is meant so", "person": "anna"},
        {"batch": BATCH, "gates": [], "reason": "it is meant so", "person": "anna"},
        {"batch": BATCH, "gates": "volume", "reason": "it is meant so", "person": "anna"},
        {"batch": BATCH, "reason": "it is meant so", "person": "anna"},
        {"batch": "../..", "gates": ["volume"], "reason": "it is meant so", "person": "anna"},
        {"gates": ["volume"], "reason": "it is meant so", "person": "anna"},
    ],
)
def test_an_acceptance_names_gates_a_reason_and_a_person(given: dict[str, object]) -> None:
    with pytest.raises(DeclarationError):
        Acceptance.from_json(given)
