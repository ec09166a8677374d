"""`euregio try`: every table that a file gives, and for each reason the field, what was found and what was expected."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from euregio import cli
from euregio.declarations.reasons import KEY, load_reasons
from euregio.declarations.tables import load_tables
from euregio.settings import PROJECT

CASES = PROJECT / "tests" / "decode"
POWERS = CASES / "ocpi-locations" / "powers" / "payload.json"
FRAME = {"removed_because_later", "removed_because_older", "removed_because_repeated"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of its own, without a layer."""
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    for name in ("EUREGIO_ZONES", "EUREGIO_LAYER_CATALOGUE", "EUREGIO_LAYER_DATA"):
        monkeypatch.delenv(name, raising=False)


def tried(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["try", *arguments]) == 0
    return capsys.readouterr().out


def test_every_reason_that_the_sql_gives_is_said_in_words_and_no_other() -> None:
    files = [*PROJECT.glob("include/sql/harmonise/*/*.sql"), *PROJECT.glob("include/sql/frame/*.sql")]
    sql = "\n".join(path.read_text() for path in files)
    known = set(load_reasons().reasons)
    columns = {column.name for table in load_tables().values() for column in table.columns} | {KEY, "connectors"}
    assert {name for one in load_reasons().reasons.values() for name in one.fields} <= columns
    assert {reason for reason in known - FRAME if f"'{reason}'" not in sql} == set()
    given = {
        reason
        for path in CASES.glob("*/*/expect.json")
        for reasons in re.findall(r'"_problems": \[(.*?)\]', path.read_text(), re.S)
        for reason in re.findall(r'"(\w+)"', reasons)
    }
    given |= set(re.findall(r"'((?:unmapped|unreadable|implausible|coordinates|polygon)_\w+)'", sql))
    assert given - known == set()
    assert len(given) > 25


def test_a_reason_names_the_record_the_publishers_field_its_value_and_what_was_expected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--format", "ocpi-locations", str(POWERS))
    found = {(one["table"], one["reason"]): one for one in json.loads(tried(capsys, *given, "--json"))["findings"]}
    unreadable = found["recharging_point", "unreadable_power"]
    assert unreadable["rows"] == 1
    assert unreadable["examples"][0]["record"] == 9
    assert unreadable["examples"][0]["file"]["evses[1].connectors[1].max_electric_power"] == "-5"
    bounds = found["recharging_point", "power_kw_out_of_bounds"]
    assert bounds["fields"] == ["power_kw"]
    assert [(one["record"], one["row"]) for one in bounds["examples"]][:2] == [
        (9, {"power_kw": -0.005}),
        (12, {"power_kw": 0.15}),
    ]
    assert bounds["expected"] == "power kw is at least 0.5 and at most 4000"
    text = tried(capsys, *given)
    assert re.search(
        r"^ +1  unreadable_power, recharging_point: power_kw\n +expected: numbers .*\n +record 9: .*max_electric_power = \"-5\"",
        text,
        re.M,
    )
    assert 'record 2: "0.022" became "22.0"' in text


def test_of_a_record_with_several_points_the_fields_of_the_row_that_was_kept_back_are_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    location = json.loads(POWERS.read_text())["items"][1]
    second = json.loads(json.dumps(location["evses"][0]))
    second["uid"], second["connectors"][0]["standard"] = "evse-2b", "MIND_BEAM"
    location["evses"].append(second)
    file = tmp_path / "two.json"
    file.write_text(json.dumps([location]))
    text = tried(capsys, "--format", "ocpi-locations", str(file))
    assert "record 1, point 2: " in text
    assert 'evses[2].connectors[1].standard = "MIND_BEAM"' in text


def test_all_tables_of_the_file_are_shown_or_the_one_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--format", "ocpi-locations", str(POWERS))
    found = json.loads(tried(capsys, *given, "--json"))
    assert list(found["tables"]) == [
        "recharging_point", "recharging_station", "recharging_site", "connector", "status_observation",
    ]  # fmt: skip
    for one in found["tables"].values():
        if one["derived_from"] is None:
            assert one["admitted"] + one["corrected"] + one["quarantined"] == one["rows"]
    assert {name: found["tables"]["recharging_point"][name] for name in ("rows", "quarantined")} == {
        "rows": found["rows"],
        "quarantined": found["quarantined"],
    }
    text = tried(capsys, *given, "--table", "connector", "--rows", "3")
    assert "The first 3 of " in text
    assert "rows of connector" in text
    assert "rows of status_observation" not in text
    assert cli.main(["try", *given, "--table", "teapot"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "expected recharging_point, recharging_station" in told.err


def test_where_the_row_has_no_value_the_publishers_own_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "tariffs.json"
    price = {"type": "ENERGY", "price": "free", "step_size": 1}
    tariff = {
        "id": "T1",
        "currency": "EUR",
        "elements": [{"price_components": [price]}],
        "last_updated": "2026-01-01T00:00:00Z",
    }
    file.write_text(json.dumps([tariff]))
    text = tried(capsys, "--format", "ocpi-tariffs", str(file))
    assert "places are checked" not in text
    assert re.search(
        r'unreadable_price, tariff.*\n +expected: a number\n +record 1: in the file: .*price = "free"', text
    )


def test_rows_stand_side_by_side_as_far_as_the_terminal_is_wide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("--format", "ocpi-locations", str(POWERS), "--table", "connector", "--rows", "3")
    for width, columns in ((60, 1), (80, 2), (140, 3)):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = tried(capsys, *given).split("rows of connector\n")[-1].splitlines()
        assert max(len(line) for line in shown) <= width
        assert len([line for line in shown if line.startswith("  connector_no")]) == -(-3 // columns)


def test_characters_that_steer_a_terminal_are_escaped(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = json.loads(POWERS.read_text())
    given["items"][0]["city"] = "Aveiro \x1b[2J\x9b1m\u202e"
    file = tmp_path / "locations.json"
    file.write_text(json.dumps(given))
    text = tried(capsys, "--format", "ocpi-locations", str(file))
    assert "Aveiro" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_an_error_that_quotes_the_publisher_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    error = tmp_path / "error.json"
    error.write_text('{"status_code": 2001, "status_message": "\\u001b[31mred\\u009b\\u202e"}', encoding="utf-8")
    assert cli.main(["try", "--format", "ocpi-locations", str(error)]) == 2
    said = capsys.readouterr().err.rstrip("\n")
    assert said.isprintable()
    assert "\\x1b[31mred\\x9b\\u202e" in said
