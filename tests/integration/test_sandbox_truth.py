"""The four steps over every publisher of the sandbox, by HTTP, into the layer: held against what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from euregio import again, pipeline, use_case
from euregio.declarations.profiles import datasets_of
from euregio.declarations.regions import load_regions
from euregio.errors import EuregioError
from euregio.indicators.run import compute
from euregio.pipeline import Batch
from euregio.sandbox.running import Sandbox
from euregio.settings import Settings
from euregio.storage.layer import open_layer

pytestmark = pytest.mark.integration
DAY = "2026-11-20"
POINTS = (
    "be.charging__eco_movement", "ch.charging__ich_tanke_strom", "de.charging__bnetza", "es.charging__electrolineras",
    "fr.charging__irve_static", "nl.charging__dot_nl",
)  # fmt: skip


@dataclass
class World:
    """A sandbox, the installation that took it in, and the batches by dataset."""

    sandbox: Sandbox
    settings: Settings
    batches: dict[str, Batch]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL over the layer, and over the truth (views `known`, `matches`, `regions`, `sides`, `statuses`)."""
        with open_layer(self.settings) as con:
            truth = self.sandbox.truth
            con.execute(f"CREATE TEMP VIEW known AS SELECT * FROM read_parquet('{truth}/points.parquet')")
            for name in ("matches", "regions", "sides"):
                con.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM read_csv('{truth}/{name}.csv')")
            con.execute(f"CREATE TEMP VIEW statuses AS SELECT * FROM read_csv('{truth}/status.csv')")
            return con.execute(sql).fetchall()

    def rows(self, dataset: str) -> str:
        """The harmonised points of a dataset in its zone, with their verdicts, as SQL."""
        batch = self.batches[dataset]
        folder = Path(self.settings.zones) / dataset[:2] / dataset / batch.folder
        return f"read_parquet('{folder}/rows-recharging_point.parquet')"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("world")
    settings = Settings(
        home=home, profile="sandbox", zones=str(home / "zones"),
        layer_catalogue=f"sqlite:{home}/layer/catalogue.sqlite", layer_data=f"{home}/layer/data",
    )  # fmt: skip
    with (
        Sandbox(size=3000, seed=5, defects=0.12, work=home / "sandbox") as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("EUREGIO_SANDBOX_URL", sandbox.address)
        ids = sorted(
            (dataset.id for dataset in datasets_of("sandbox")), key=lambda name: (not name.startswith("eu."), name)
        )
        batches = {name: pipeline.run(name, DAY, settings=settings) for name in ids}
        with open_layer(settings, read_only=False) as con:
            use_case._match(con, "match-1")
        yield World(sandbox, settings, batches)


def test_every_dataset_adds_up_and_crosses(world: World) -> None:
    for name, batch in world.batches.items():
        assert batch.rows == batch.admitted + batch.corrected + batch.quarantined > 0, name
        assert batch.released + batch.withheld == batch.admitted + batch.corrected, name
        assert batch.withheld == 0, name
    assert set(POINTS) <= set(world.batches)


@pytest.mark.parametrize("verdict", ["quarantined", "corrected"])
def test_precision_and_recall_of_a_verdict_are_one_on_every_injected_defect(world: World, verdict: str) -> None:
    for name in POINTS:
        # a truncated record is one row, however many points it had; a wrong unit that gives a plausible power cannot be seen
        found = world.ask(f"""
            WITH got AS (SELECT _record, _point, _verdict FROM {world.rows(name)}),
            truth AS (
                SELECT record AS _record, point AS _point, fault, published_power_kw,
                       count(*) FILTER (fault = 'truncated_record') OVER (PARTITION BY record) AS cut,
                       CASE WHEN verdict = '{verdict}' THEN 1 ELSE 0 END AS is_due
                FROM known WHERE dataset = '{name}'
            ),
            compared AS (
                SELECT coalesce(fault, '') AS fault, coalesce(is_due, 0) AS is_due, coalesce(CAST(_verdict = '{verdict}' AS INT), 0) AS is_given
                FROM truth FULL JOIN got USING (_record, _point)
                WHERE NOT (coalesce(cut, 0) > 0 AND _point > 1)
                  AND NOT coalesce(fault = 'power_wrong_unit' AND published_power_kw BETWEEN 0.5 AND 4000, false)
            )
            SELECT fault, count(*) FILTER (is_due > is_given) AS missed, count(*) FILTER (is_given > is_due) AS wrong
            FROM compared GROUP BY 1 HAVING missed + wrong > 0 ORDER BY 1""")
        assert found == [], f"{name}, {verdict}: fault, missed, wrongly given"
    [(due, datasets)] = world.ask(f"SELECT count(*), count(DISTINCT dataset) FROM known WHERE verdict = '{verdict}'")
    assert due > 20, "too few defects: the test would prove nothing"
    assert datasets >= 3


def test_quarantined_rows_name_the_reason_of_their_defect(world: World) -> None:
    for name in POINTS:
        wrong = world.ask(f"""
            SELECT fault, reason, _reasons, count(*) FROM {world.rows(name)} AS got
            JOIN known ON known.dataset = '{name}' AND record = _record AND point = _point
            WHERE verdict = 'quarantined' AND _verdict = 'quarantined' AND NOT list_contains(_reasons, reason) GROUP BY ALL""")
        assert wrong == [], name


def test_matching_finds_every_station_described_twice_and_no_other(world: World) -> None:
    [(due, found, hit)] = world.ask("""
        WITH due AS (
            SELECT DISTINCT coalesce(p.evse_id, '') AS evse_id, p.dataset, p.record, p.point
            FROM matches AS m JOIN known AS p ON p.station_key IN (m.station_key, m.other_station_key)
            WHERE NOT p.is_repeat AND p.verdict <> 'quarantined'
        ),
        row_of AS (SELECT _dataset AS dataset, point_id, CAST(split_part(_raw, '#', 2) AS BIGINT) AS record, station_id FROM core.recharging_point),
        due_record AS (SELECT dataset, record FROM due GROUP BY ALL),
        got_record AS (
            SELECT dataset, record FROM quality.recharging_point_match AS match JOIN row_of USING (dataset, point_id)
            WHERE match.verdict <> 'kept_because_unsure' GROUP BY ALL
        )
        SELECT (SELECT count(*) FROM due_record), (SELECT count(*) FROM got_record),
               (SELECT count(*) FROM due_record SEMI JOIN got_record USING (dataset, record))""")
    assert due > 5
    assert (hit / found, hit / due) == (1.0, 1.0)


def test_published_counts_of_every_region_are_the_true_ones(world: World) -> None:
    wrong = world.ask("""
        WITH got AS (
            SELECT nuts3_code AS nuts3, count(*) AS points, count(*) FILTER (power_kw >= 50) AS points_50kw,
                   count(*) FILTER (power_kw >= 150) AS points_150kw
            FROM core.published_recharging_point GROUP BY ALL
        )
        SELECT nuts3, got.points, regions.expected_points, got.points_50kw, regions.expected_points_50kw, got.points_150kw, regions.expected_points_150kw
        FROM got FULL JOIN regions USING (nuts3)
        WHERE coalesce(got.points, 0) <> coalesce(regions.expected_points, 0)
           OR coalesce(got.points_50kw, 0) <> coalesce(regions.expected_points_50kw, 0)
           OR coalesce(got.points_150kw, 0) <> coalesce(regions.expected_points_150kw, 0) ORDER BY 1""")
    assert wrong == []


def test_points_and_power_of_every_side_are_the_true_ones(world: World) -> None:
    sides = world.ask("""
        WITH got AS (
            SELECT region, country, count(*) AS points, count(*) FILTER (power_kw >= 50) AS points_50kw,
                   count(*) FILTER (power_kw >= 150) AS points_150kw, sum(power_kw) AS power_kw
            FROM core.published_recharging_point JOIN (SELECT nuts3, region, country FROM regions) ON nuts3 = nuts3_code GROUP BY ALL
        )
        SELECT region, country, (got.points, got.points_50kw, got.points_150kw),
               (expected_points, expected_points_50kw, expected_points_150kw), got.power_kw, expected_power_kw, sides.points
        FROM got FULL JOIN sides USING (region, country) ORDER BY ALL""")
    assert len(sides) == 8
    for region, country, got, expected, power, expected_power, true_points in sides:
        assert got == expected, (region, country)
        # powers that are computed from volts and amperes differ by some tens of watts
        assert power == pytest.approx(expected_power, abs=1.0), (region, country)
        assert 0 < expected[0] < true_points, "no point of the side was kept back: the test would prove nothing"


def test_indicators_of_every_declared_side_stand_on_the_true_points(world: World) -> None:
    due = dict(world.ask("SELECT nuts3, expected_points FROM regions"))
    regions = load_regions()
    with open_layer(world.settings) as con:
        values = compute(con, "charging", DAY, run_id="truth", only="point_density")
        area = dict(con.execute("SELECT nuts_code, area_km2 FROM core.current_nuts_region").fetchall())
    compared = 0
    for value in values:
        if value.side_kind == "contrast":
            continue
        sides = [side for side in regions[value.region_id].sides if value.side_id in (side.id, "whole")]
        members = [code for side in sides for code in side.nuts3]
        assert set(members) <= set(due), "the sandbox has every member of the declared sides"
        points = sum(due[code] for code in members)
        assert value.n == points > 0, (value.region_id, value.side_id)
        assert value.value == pytest.approx(100 * points / sum(area[code] for code in members), rel=1e-9)
        compared += 1
    assert compared == sum(len(region.sides) + 1 for region in regions.values()) > 8


def test_statuses_in_the_layer_are_those_that_were_said(world: World) -> None:
    got = world.ask("SELECT _dataset, status, count(*) FROM core.status_observation GROUP BY ALL ORDER BY ALL")
    known = world.ask(
        "SELECT dataset, status, CAST(sum(points) AS BIGINT) FROM statuses WHERE observed_at = TIMESTAMP '2026-11-20 06:00:00' GROUP BY ALL ORDER BY ALL"
    )
    assert got == known


def test_a_repeated_run_of_every_publisher_changes_nothing(world: World) -> None:
    before = world.ask("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')")
    for name in ("eu.spatial__gisco_nuts", "de.charging__bnetza", "nl.charging__dot_nl"):
        again = pipeline.run(name, DAY, settings=world.settings)
        assert (again.unchanged, again.batch_id) == (True, world.batches[name].batch_id)
    assert world.ask("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')") == before


@pytest.mark.parametrize("mode", ["http_500", "truncated", "cut_off", "changed_schema", "html", "empty"])
def test_a_publisher_that_misbehaves_leaves_the_last_good_state(world: World, mode: str) -> None:
    name = {"cut_off": "nl.charging__dot_nl", "changed_schema": "fr.charging__irve_static"}.get(
        mode, "de.charging__bnetza"
    )
    state = "SELECT run_id, batch_id, snapshot_id, released_count FROM catalogue.release WHERE dataset = '{}'"
    before = world.ask(state.format(name))
    world.sandbox.misbehave(name, mode)
    impatient = pipeline.datasets.dataset(name)
    quick = impatient.model_copy(update={"source": impatient.source.model_copy(update={"attempts": 1})})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.datasets, "dataset", lambda _name: quick)
        try:
            with pytest.raises(EuregioError) as said:
                pipeline.run(name, "2026-11-21", settings=world.settings)
        finally:
            world.sandbox.misbehave(name, "normal")
    assert "\n" not in str(said.value)
    assert world.ask(state.format(name)) == before
    scratch = [path for path in world.settings.scratch.rglob("*") if path.is_file()]
    assert scratch == []
    half = [path for path in Path(world.settings.zones).rglob(".tmp/*") if path.exists()]
    assert half == []


@pytest.mark.parametrize("mode", ["slow", "stale"])
def test_a_publisher_that_is_slow_or_stale_changes_nothing_either(world: World, mode: str) -> None:
    name = "fr.charging__irve_static"
    world.sandbox.misbehave(name, mode, seconds=0.5)
    try:
        assert pipeline.run(name, "2026-11-21", settings=world.settings).unchanged
    finally:
        world.sandbox.misbehave(name, "normal")


def test_a_quarantined_row_returns_when_its_rule_is_lifted(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json
    import shutil

    from euregio import stages
    from euregio.commands.quarantine import quarantined

    name = "fr.charging__irve_static"
    told = list(quarantined(name, 5, 100, world.settings))
    assert any(line.split()[1:] == ["coordinates_zero"] for line in told)
    assert any(line.startswith("  latitude_deg ") for line in told)
    assert max(len(line) for line in told if "SELECT" not in line) <= 100
    before = world.batches[name]
    lifted = tmp_path / "expectations"
    shutil.copytree(stages.EXPECTATIONS, lifted)
    path = lifted / "tables" / "recharging_point.json"
    suite = json.loads(path.read_text())
    suite["expectations"] = [one for one in suite["expectations"] if one["meta"]["reason"] != "coordinates_zero"]
    path.write_text(json.dumps(suite))
    monkeypatch.setattr(stages, "EXPECTATIONS", lifted)
    monkeypatch.setenv("EUREGIO_SANDBOX_URL", "http://127.0.0.1:9")  # a replay needs no network
    after = again.replay(name, settings=world.settings)
    zero = f"SELECT count(*) FROM known WHERE dataset = '{name}' AND fault = 'zero_coordinates'"
    [(rows,)] = world.ask(zero)
    assert rows > 0
    reasons = world.ask(f"SELECT DISTINCT reason FROM quality.verdict WHERE dataset = '{name}'")
    assert ("coordinates_zero",) not in reasons
    assert after.rows == before.rows
    assert after.batch_id != before.batch_id
    assert after.released == world.ask(f"SELECT count(*) FROM core.recharging_point WHERE _dataset = '{name}'")[0][0]
    monkeypatch.undo()
    monkeypatch.setenv("EUREGIO_SANDBOX_URL", world.sandbox.address)
    back = again.replay(name, settings=world.settings)
    assert replace(back, run_id="", snapshot_id=None) == replace(before, run_id="", snapshot_id=None)
