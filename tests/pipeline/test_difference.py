"""What a batch would change, told before it is released; and a release that is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from euregio import again, pipeline
from euregio.changes.difference import difference
from euregio.errors import ReleaseError
from euregio.release.retract import retract
from euregio.storage.layer import open_layer
from office import NAME, Office, register

POINTS = "SELECT _period, count(*) FROM core.current_recharging_point GROUP BY ALL"


def harmonised(office: Office, day: str, text: str) -> pipeline.Batch:
    office.lay(day, text)
    batch = pipeline.extract(NAME, day, settings=office.settings)
    return pipeline.harmonise(pipeline.check(batch, settings=office.settings), settings=office.settings)


def test_the_difference_of_a_batch_is_told_by_table_and_column_and_nothing_of_it_stays(office: Office) -> None:
    office.run("2026-11-20", register(range(500)))
    files = sorted(path.name for path in Path(office.settings.layer_data).rglob("*.parquet"))
    now = register(range(10, 520)).replace("Op,FRA01P100,", "Other,FRA01P100,").replace("FRA01P101,", "FRA01P101,", 1)
    found = difference(harmonised(office, "2026-11-21", now), office.settings)
    points = next(one for one in found.tables if one.table == "recharging_point")
    assert (points.before, points.after, points.added, points.gone, points.changed) == (500, 510, 20, 10, 1)
    assert points.columns == {"operator_name": 1}
    assert found.replaces == "2026-11-20"
    assert not found.is_none
    assert office.ask(POINTS) == [("2026-11-20", 500)]
    assert sorted(path.name for path in Path(office.settings.layer_data).rglob("*.parquet")) == files


def test_the_same_again_makes_no_difference(office: Office) -> None:
    office.run("2026-11-20", register(range(100)))
    found = difference(harmonised(office, "2026-11-21", register(range(99, -1, -1))), office.settings)
    assert [(one.added, one.gone, one.changed) for one in found.tables] == [(0, 0, 0)] * len(found.tables)
    assert found.values == []
    assert found.is_none


def test_what_the_difference_said_is_what_the_release_does(office: Office) -> None:
    office.run("2026-11-20", register(range(300)))
    batch = harmonised(office, "2026-11-21", register(range(40, 330)))
    told = next(one for one in difference(batch, office.settings).tables if one.table == "recharging_point")
    before = {row[0] for row in office.ask("SELECT point_id FROM core.current_recharging_point")}
    pipeline.release(batch, settings=office.settings)
    after = {row[0] for row in office.ask("SELECT point_id FROM core.current_recharging_point")}
    assert (len(after - before), len(before - after)) == (told.added, told.gone) == (30, 40)


def test_a_release_taken_back_leaves_the_one_before_in_force_and_does_not_come_again(office: Office) -> None:
    office.run("2026-11-20", register(range(100)))
    office.run("2026-11-21", register(range(110)))
    snapshot = office.ask("SELECT max(snapshot_id) FROM catalogue.release")[0][0]
    with open_layer(office.settings, read_only=False) as con:
        gone = retract(con, NAME, "2026-11-21", person="anna", reason="the publisher asked us to")
    assert gone == 110
    assert office.ask(POINTS) == [("2026-11-20", 100)]
    assert office.ask("SELECT period, person, reason, rows_count FROM catalogue.retraction") == [
        ("2026-11-21", "anna", "the publisher asked us to", 110)
    ]
    # the schedule runs the day again: the same batch stays out, and says why
    with pytest.raises(ReleaseError, match=r"was retracted.*anna: the publisher asked us to"):
        pipeline.run(NAME, "2026-11-21", settings=office.settings)
    # other bytes come in
    assert office.run("2026-11-21", register(range(105))).released == 105
    with open_layer(office.settings, snapshot=snapshot) as con:
        assert con.execute(POINTS).fetchall() == [("2026-11-21", 110)], "time travel still finds what went"


def test_a_retraction_names_a_person_and_a_reason_and_what_is_there(office: Office) -> None:
    office.run("2026-11-20", register(range(20)))
    with open_layer(office.settings, read_only=False) as con:
        for given in ({"person": " ", "reason": "it is wrong"}, {"person": "anna", "reason": "bad"}):
            with pytest.raises(ReleaseError, match="names a person and a reason"):
                retract(con, NAME, "2026-11-20", **given)
        with pytest.raises(ReleaseError, match="nothing of this period"):
            retract(con, NAME, "2026-11-19", person="anna", reason="it is wrong")
    assert office.ask(POINTS) == [("2026-11-20", 20)]


def test_a_replay_may_be_looked_at_before_it_is_released(office: Office) -> None:
    office.run("2026-11-20", register(range(50)))
    batch = again.landed(NAME, settings=office.settings)
    assert batch.unchanged, "neither bytes nor rules have changed"
