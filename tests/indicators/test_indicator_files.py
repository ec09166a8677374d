"""An indicator's file is complete, runs as it is in the shell, and a wrong one is refused with file, line and field."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_world import NOW

from euregio.declarations.regions import load_regions
from euregio.errors import DeclarationError
from euregio.indicators import world
from euregio.indicators.registry import load_indicator, load_indicator_file, load_indicators, parameters_of, prelude
from euregio.indicators.run import compute, measure
from euregio.indicators.script import main
from euregio.indicators.world import script
from euregio.settings import PROJECT

GOOD = PROJECT / "include" / "sql" / "indicators" / "charging" / "point_density.sql"


@pytest.mark.parametrize("indicator", load_indicators("charging").values(), ids=lambda one: one.id)
def test_the_script_for_the_shell_gives_the_same_values(layer, regions, indicator) -> None:
    computed = compute(
        layer, "charging", "p", run_id="t", regions=[regions["pair"]], computed_at=NOW, only=indicator.id
    )
    # In a new shell the instant is not set and ages are measured from now; here both are measured from the same.
    assert layer.execute("SELECT getvariable('computed_at')").fetchone() == (NOW,)
    rows = layer.execute(script(indicator, [regions["pair"]])).fetchall()
    names = [column[0] for column in layer.description or ()]
    shell = [dict(zip(names, row, strict=True)) for row in rows]
    for value in computed:
        if value.value is not None and value.side_kind != "contrast":
            dimension, _, facing = value.dimension.partition(" to ")
            (found,) = [
                r
                for r in shell
                if (r["side_id"], r["dimension"], r.get("facing") or "") == (value.side_id, dimension, facing)
            ]
            assert found["value"] == pytest.approx(value.value)


def test_the_script_is_printed_for_the_command_line(capsys) -> None:
    assert main(["point_density", "upper-rhine"]) == 0
    assert "('upper-rhine', 'ch', 'Swiss side', 'CH', 'CH031')" in capsys.readouterr().out


def test_an_unknown_indicator_ends_the_script_with_one_line(capsys) -> None:
    assert main(["nonsense", "upper-rhine"]) == 2
    assert capsys.readouterr().err.startswith("no such indicator; found nonsense")


def test_every_number_of_a_definition_is_a_parameter_with_unit_and_source() -> None:
    path = PROJECT / "include" / "sql" / "indicators" / "prelude.sql"
    text = path.read_text(encoding="utf-8")
    assert len(parameters_of(text, path)) == text.count("\nSET VARIABLE ")
    for buried in ("1.3", "0.8", "150", " 25"):
        assert not any(buried in statement for statement in prelude() if not statement.startswith("SET VARIABLE")), (
            buried
        )


def test_no_country_is_written_in_an_indicator() -> None:
    for indicator in load_indicators("charging").values():
        assert not re.search(r"'(DE|FR|NL|BE|CH|ES|LU)'", indicator.sql)


def test_parameters_reached_through_the_prelude_are_named() -> None:
    assert {"status_cap_min", "status_window_days"} <= {p.name for p in load_indicator("availability").parameters}
    assert {"kw_per_bev", "kw_per_phev"} == {p.name for p in load_indicator("fleet_target").parameters} - {
        "border_gap_km"
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("better: higher", "better: bigger", r"line 1\d, field better: .*found bigger"),
        ("floor: {coverage: 0.9, n: 1}", "floor: {coverage: 9, n: 1}", r"field floor.coverage"),
        ("version: 1.0.0", "version: one", r"line 3, field version"),
        ("contrast: ratio", "contrast: ratio\ncolour: red", r"field colour"),
        ("contrast: ratio", "contrast: ratio\nturns_at: 1", r"turns_at and the template `across` need each other"),
        ("{place} has", "{country} has", r"template 'value' names country, which no value has"),
        ("unit: points", "unit: [points", r"the header is not YAML"),
        ("id: point_density", "id: other_density", r"the id is not the file's name"),
        ("/*---\n", "/*\n", r"the header is missing"),
        ("VIEW rows_behind AS", "VIEW other_rows AS", r"no view of the rows behind the value"),
        ("SELECT region_id, coalesce", "SELEC region_id, coalesce", r"this is not SQL"),
        (
            "CREATE OR REPLACE TEMP VIEW",
            "SET VARIABLE bare = 5;\nCREATE OR REPLACE TEMP VIEW",
            r"a parameter has no unit and source; found bare",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = GOOD.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "charging" / "point_density.sql"
    path.parent.mkdir()
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        load_indicator_file(path)


def test_a_floor_for_each_part_needs_the_parts_counted(layer, regions) -> None:
    good = load_indicator("border_cliff")
    header = good.header.model_copy(update={"floor": good.header.floor.model_copy(update={"each": None})})
    world.lay(layer, [regions["bands"]], NOW)
    with pytest.raises(DeclarationError, match="`each` and the SELECT's column parts need each other"):
        measure(layer, replace(good, header=header))


def test_every_member_of_a_region_has_the_prefix_of_one_country() -> None:
    for region in load_regions().values():
        for side in region.sides:
            assert len({code[:2] for code in (*side.nuts3, *side.partial)}) == 1
