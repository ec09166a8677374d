"""The `euregio` command: what it prints, its exit codes, and one clear line instead of a traceback."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from euregio import cli

ROOT = Path(__file__).resolve().parents[2]
IRVE = next((ROOT / "tests/decode/irve-static/schema-2.3").glob("*.csv"))
KEYS = {"format", "records", "rows", "admitted", "corrected", "quarantined", "reasons", "table", "sample"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own."""
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path / "home"))
    for name in ("EUREGIO_ZONES", "EUREGIO_LAYER_CATALOGUE", "EUREGIO_LAYER_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that the command says when it refuses with exit code 2."""
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("euregio: ")
    return lines[0]


def test_try_tells_counts_that_add_up_and_the_first_rows(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert cli.main(["try", "--format", "irve-static", str(IRVE), "--json", "--rows", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= KEYS
    assert found["admitted"] + found["corrected"] + found["quarantined"] == found["rows"] > 0
    assert (found["format"], found["table"], len(found["sample"])) == ("irve-static", "recharging_point", 2)
    assert sum(found["reasons"].values()) >= found["quarantined"]
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert cli.main(["try", "--format", "irve-static", str(IRVE)]) == 0
    assert f"{found['rows']} rows of recharging_point" in capsys.readouterr().out


def test_try_refuses_what_is_no_file_of_the_format(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path
) -> None:
    junk = tmp_path / "junk.csv"
    cases: list[tuple[bytes, str]] = [
        (b"", "junk.csv"), (os.urandom(20_000), "junk.csv"), (b"<!DOCTYPE html><html><body>Login</body></html>", "junk.csv"),
        (b"\x1f\x8b\x08\x00broken", "junk.csv"), (gzip.compress(gzip.compress(b"x" * 100)), "junk.csv"), (b"a,b\n1,2\n", "junk.csv"),
        (b"\x00" * 5000, "junk.csv"), (IRVE.read_bytes().splitlines(keepends=True)[0], "no records"),
    ]  # fmt: skip
    for content, part in cases:
        junk.write_bytes(content)
        assert part in refused(capsys, "try", "--format", "irve-static", str(junk))
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_try_says_what_is_wrong_with_its_arguments(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "no such file" in refused(capsys, "try", "--format", "irve-static", str(tmp_path / "nothing.csv"))
    assert "folder" in refused(capsys, "try", "--format", "irve-static", str(tmp_path))
    assert "irve-static" in refused(capsys, "try", "--format", "irve", str(IRVE))
    assert "ISO code" in refused(capsys, "try", "--format", "irve-static", str(IRVE), "--country", "France")
    assert "IANA" in refused(capsys, "try", "--format", "irve-static", str(IRVE), "--time-zone", "Mars/Olympus")
    with pytest.raises(SystemExit) as wrong:
        cli.main(["try", str(IRVE)])
    assert wrong.value.code == 2


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc here")
def test_a_file_that_cannot_be_read_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read" in refused(capsys, "try", "--format", "irve-static", "/proc/self/mem")


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "SELECT 1"),
        ("summary",),
        ("explain", "point_density", "upper-rhine"),
        ("quarantine", "de.charging__bnetza"),
        ("replay", "de.charging__bnetza"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_layer_a_command_says_how_to_get_one(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert "no layer yet" in refused(capsys, *arguments)


@pytest.mark.parametrize("command", ["quarantine", "replay"])
def test_an_unknown_dataset_is_said_with_the_known(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert "de.charging__bnetza" in refused(capsys, command, "xx.charging__nobody")


def test_lists_of_formats_and_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["formats", "--json"]) == 0
    names = {item["name"] for item in json.loads(capsys.readouterr().out)}
    assert names >= {
        "bnetza-register", "irve-static", "irve-dynamic", "ocpi-locations", "oicp-evse-data", "oicp-evse-status",
        "datex2-energy-table", "datex2-energy-status",
    }  # fmt: skip
    assert cli.main(["datasets"]) == 0
    assert "de.charging__enbw" in capsys.readouterr().out


def test_sql_reads_in_three_forms_and_writes_only_when_told(capsys: pytest.CaptureFixture[str]) -> None:
    from euregio.settings import Settings
    from euregio.storage.layer import open_layer

    with open_layer(Settings(), read_only=False):
        pass
    assert cli.main(["sql", "SELECT 1 AS a, NULL AS b", "--as", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == ["a,b", "1,"]
    assert cli.main(["sql", "SELECT 'é' AS a, DATE '2026-01-02' AS b", "--as", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"a": "é", "b": "2026-01-02"}
    assert cli.main(["sql", "SELECT count(*) AS n FROM core.recharging_point"]) == 0
    assert "n" in capsys.readouterr().out
    assert "read-only" in refused(capsys, "sql", "DELETE FROM core.population")
    assert "nowhere" in refused(capsys, "sql", "SELECT * FROM nowhere")
    assert "SELEC" in refused(capsys, "sql", "SELEC 1")
    assert cli.main(["sql", "SELECT 1", "--snapshot", "0"]) == 0
    capsys.readouterr()
    assert "cannot be opened" in refused(capsys, "sql", "SELECT 1", "--snapshot", "999999")
    assert "nothing of it was released" in refused(capsys, "quarantine", "de.charging__bnetza")
    assert "nothing of it was released" in refused(
        capsys, "replay", "de.charging__bnetza", "--period", "2026' OR '1'='1"
    )
    assert cli.main(["summary"]) == 0


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "euregio.cli", "formats"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    assert (process.wait(60), told) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    [["dags", "trigger", "nl.charging__dot_nl", "--conf", '{"period": "2026-11-20"}'], ["--help"], ["dags", "-h"], []],
)
def test_airflow_gets_all_that_follows_on_the_state_of_this_installation(
    monkeypatch: pytest.MonkeyPatch, home: Path, arguments: list[str]
) -> None:
    from euregio.orchestration import installation, runner

    ran: list[tuple[list[str], dict[str, str]]] = []

    def noted(command: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append((command, env))
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(installation.Installation, "airflow", lambda *_given: "")  # the migration takes 10 s
    monkeypatch.setattr(runner.subprocess, "run", noted)
    monkeypatch.setenv("EUREGIO_PROFILE", "files")
    assert cli.main(["airflow", *arguments]) == 3
    [(command, environment)] = ran
    assert command == [sys.executable, "-m", "airflow", *arguments]
    assert environment["AIRFLOW_HOME"] == str(home / "airflow")
    assert environment["EUREGIO_PROFILE"] == "files"
    assert (home / "airflow" / "secrets.json").stat().st_mode & 0o077 == 0
