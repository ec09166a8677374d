"""A batch that a gate holds: the last release stays, its bytes are kept, a named person may let it through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from euregio import again, pipeline
from euregio.check.gates import BatchBlocked
from euregio.declarations import datasets, profiles
from euregio.errors import DeclarationError, EuregioError
from euregio.gates import Acceptance
from euregio.settings import Settings
from euregio.storage.layer import open_layer

NAME = "fr.charging__office"
BATCH = "0123456789abcdef0123"
DATASET = """title: Register of a test
publisher: Office
format: irve-static
rhythm: P1D
source: {url: "https://office.example/register.csv"}
licence: {id: CC-BY-4.0}
release:
  access: open
  fields: [identity, place, place_exact, operator, power, access, lifecycle]
"""
FIELDS = "nom_operateur,id_station_itinerance,id_pdc_itinerance,coordonneesXY,puissance_nominale,prise_type_2,prise_type_combo_ccs,condition_acces,horaires,date_maj"
POINT = 'Op,FRA01P{i},FRA01E{i},"[{x:.4f}, 48.{y}]",22,true,false,Accès libre,24/7,2026-11-01'


def register(points: range, change: Callable[[str], str] = str) -> str:
    return "\n".join([FIELDS, *(change(POINT.format(i=i, x=2 + i / 10000, y=i % 90 + 10)) for i in points)]) + "\n"


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., pipeline.Batch]]:
    """Lays a register down as the publisher's file of a day, and runs the four steps over it."""
    declared = tmp_path / "fr" / "charging__office.yaml"
    declared.parent.mkdir()
    declared.write_text(DATASET)
    days = [f"2026-11-{day}" for day in range(10, 30)]
    profile = {"kind": "files", "root": str(tmp_path), "datasets": {NAME: [{"period": d, "files": [f"{d}.csv"]} for d in days]}}  # fmt: skip
    (tmp_path / "trial.yaml").write_text(json.dumps(profile))
    monkeypatch.setattr(datasets, "dataset", lambda _name: datasets.load_dataset(declared))
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    settings = Settings(
        home=tmp_path / "home", profile="trial", zones=f"{tmp_path}/zones",
        layer_catalogue=f"sqlite:{tmp_path}/layer/catalogue.sqlite", layer_data=f"{tmp_path}/layer/data",
    )  # fmt: skip
    profiles.load_profile.cache_clear()

    def run(day: str, text: str) -> pipeline.Batch:
        (tmp_path / f"{day}.csv").write_text(text)
        return pipeline.run(NAME, day, settings=settings)

    run.settings = settings  # type: ignore[attr-defined]  # the tests ask the same installation
    yield run
    profiles.load_profile.cache_clear()


def asked(publish: Callable[..., pipeline.Batch], query: str) -> list[tuple[object, ...]]:
    with open_layer(publish.settings) as con:  # type: ignore[attr-defined]
        return con.execute(query).fetchall()


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
def test_a_publishers_accident_does_not_replace_good_data(
    publish: Callable[..., pipeline.Batch], tmp_path: Path, now: str, gate: str
) -> None:
    publish("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        publish("2026-11-21", now)
    assert said.value.gates == (gate,)
    held = said.value.batch
    assert f"euregio accept {NAME} 2026-11-21 --batch {held} --gates {gate}" in str(said.value)
    assert asked(publish, STANDS) == [("2026-11-20", 1000)]
    zone = pipeline.zone_of(datasets.dataset(NAME), publish.settings)  # type: ignore[attr-defined]
    landed = [place for place in zone.list("landing") if not place.endswith(".json")]
    assert len(landed) == 2, "the bytes of both days are kept"
    # once more without a person: held again, nothing else
    with pytest.raises(BatchBlocked):
        publish("2026-11-21", now)
    # a person lets these very bytes through, whatever the publisher sends by then, and the layer says who and why
    (tmp_path / "2026-11-21.csv").write_text("not looked at")
    meant = Acceptance(held, (gate,), "the publisher says so in its notes of 21 November", "anna")
    assert again.accept(NAME, "2026-11-21", meant, settings=publish.settings).released > 0  # type: ignore[attr-defined]
    assert asked(publish, "SELECT DISTINCT _period FROM core.current_recharging_point") == [("2026-11-21",)]
    assert asked(publish, "SELECT period, gate, person, reason FROM quality.acceptance") == [
        ("2026-11-21", gate, "anna", "the publisher says so in its notes of 21 November")
    ]
    # twice accepted is once released
    assert again.accept(NAME, "2026-11-21", meant, settings=publish.settings).unchanged  # type: ignore[attr-defined]


def test_an_acceptance_of_one_gate_does_not_open_another(publish: Callable[..., pipeline.Batch]) -> None:
    publish("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked) as said:
        publish("2026-11-21", register(range(100)))
    other = Acceptance(said.value.batch, ("identity",), "they were renamed", "anna")
    with pytest.raises(BatchBlocked, match="volume"):
        again.accept(NAME, "2026-11-21", other, settings=publish.settings)  # type: ignore[attr-defined]
    assert asked(publish, STANDS) == [("2026-11-20", 1000)]


def test_an_acceptance_is_of_its_batch_only(publish: Callable[..., pipeline.Batch]) -> None:
    publish("2026-11-20", register(range(1000)))
    with pytest.raises(BatchBlocked):
        publish("2026-11-21", register(range(100)))
    with pytest.raises(EuregioError, match="no such batch"):
        again.accept(
            NAME, "2026-11-21", Acceptance("ab" * 10, ("volume",), "it is meant so", "anna"), settings=publish.settings
        )  # type: ignore[attr-defined]


def test_growth_and_the_usual_changes_pass(publish: Callable[..., pipeline.Batch]) -> None:
    publish("2026-11-20", register(range(1000)))
    assert publish("2026-11-21", register(range(20, 1800))).released == 1780
    assert publish("2026-11-22", register(range(1800)).replace("Accès libre", "Accès réservé")).released == 1800
    assert asked(publish, "SELECT count(*) FROM quality.acceptance") == [(0,)]


def test_a_backfilled_day_is_held_against_the_day_before_it(publish: Callable[..., pipeline.Batch]) -> None:
    publish("2026-11-15", register(range(200)))
    publish("2026-11-25", register(range(590)))
    assert publish("2026-11-16", register(range(190))).released == 190
    assert asked(publish, STANDS) == [("2026-11-25", 590)]


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
