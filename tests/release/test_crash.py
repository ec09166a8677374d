"""A release that is killed leaves the state before or the state after, never one between, and the next run completes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.release.kill import POINTS
from tests.release.rows import dataset, origin, point, rows_file, settings_in

from euregio.release.write import release
from euregio.settings import Settings
from euregio.storage.layer import open_layer

ROOT = Path(__file__).resolve().parents[2]


def state(settings: Settings) -> tuple[list[tuple], ...]:
    """What the layer says of the points, of the release and of its verdicts."""
    with open_layer(settings) as con:
        return tuple(
            con.execute(sql).fetchall()
            for sql in (
                "SELECT point_id, _run FROM core.recharging_point",
                "SELECT station_id, _run FROM core.recharging_station",
                "SELECT run_id, batch_id, released_count FROM catalogue.release",
                "SELECT DISTINCT run_id FROM quality.verdict",
            )
        )


def whole(number: int) -> tuple[list[tuple], ...]:
    run = f"run-{number}"
    return [(f"XXABCE{number}", run)], [(f"S{number // 2}", run)], [(run, f"b{number}", 1)], [(run,)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("crash")
    settings = settings_in(home)
    with open_layer(settings, read_only=False) as con:
        release(con, dataset(), [rows_file(home / "first", [point(1)])], origin("run-1", "b1"))
    return settings


@pytest.mark.parametrize("where", POINTS)
def test_a_killed_release_leaves_the_state_before_or_after_and_the_next_completes(
    settings: Settings, tmp_path: Path, where: str
) -> None:
    with open_layer(settings, read_only=False) as con:
        release(con, dataset(), [rows_file(tmp_path, [point(1)])], origin("run-1", "b1"))
    before = state(settings)
    assert before == whole(1)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.release.kill", str(settings.home), where, "2"], cwd=ROOT, timeout=200
    )
    assert killed.returncode == -9
    assert state(settings) == (whole(2) if where == "after_commit" else before)
    with open_layer(settings, read_only=False) as con:
        done = release(con, dataset(), [rows_file(tmp_path, [point(3)])], origin("run-3", "b3"))
        assert con.execute("SELECT snapshot_id FROM catalogue.release").fetchall() == [(done.snapshot_id,)]
    assert state(settings) == whole(3)
