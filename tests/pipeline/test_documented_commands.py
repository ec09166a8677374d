"""Each command that the docs tell people to type is run here or by a named test, or says why it is not."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands_of_docs import PAGES, ROOT, commands_of

from euregio import cli
from euregio.alerts.desk import Desk
from euregio.alerts.facts import about
from euregio.alerts.problem import problem_of
from euregio.check.gates import BatchBlocked
from euregio.declarations.alerts import Alerts
from euregio.storage.journal import open_journal
from office import NAME, Office, register

LISTED: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("documented_commands.yaml").read_text())
#: Commands that change the installation come last, in this order.
LAST = ("accept", "backup", "maintain", "retract")
LOCATIONS = ROOT / "tests/decode/ocpi-locations/powers/payload.json"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_listed_with_what_runs_it(page: str) -> None:
    assert [command for command, _ in commands_of(page) if command not in LISTED] == []


def test_no_command_is_listed_that_no_page_has() -> None:
    assert set(LISTED) - {command for page in PAGES for command, _ in commands_of(page)} == set()


def test_an_unlisted_command_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands_of_docs.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(
        'Say `euregio dance --fast`, not `euregio` alone.\n\n    X=1 .venv/bin/euregio sql "a | b" | head   # why\n\n'
        "```sh\nmake tea && make\n```\n\n```python\nmake = 1\n```\n"
    )
    found = [command for command, _ in commands_of("page.md")]
    assert found == ["euregio dance --fast", 'euregio sql "a | b"', "make tea", "make"]


@pytest.mark.parametrize("command", LISTED)
def test_what_is_listed_names_what_there_is(command: str) -> None:
    (kind,) = {"run", "run-module", "test", "not"} & set(LISTED[command])
    if kind == "test":
        assert LISTED[command]["holds"] in (ROOT / LISTED[command]["test"]).read_text()
    assert len(LISTED[command][kind]) >= 4


def test_the_page_of_operation_says_of_each_command_what_runs_it() -> None:
    silent = [
        command
        for command, line in commands_of("docs/operate.md")
        if not {"run", "run-module"} & set(LISTED[command])
        and not re.search(r"✔|not in the tests|neither is run|run by no test|no tests?\b|`pytest ", line, re.I)
    ]
    assert silent == []


@pytest.fixture
def operated(office: Office, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An installation with a release and a batch that a gate holds; what the commands' placeholders stand for."""
    settings = replace(office.settings, journal=f"sqlite:{office.folder}/journal.sqlite")
    for name in ("home", "profile", "zones", "layer_catalogue", "layer_data", "journal"):
        monkeypatch.setenv(f"EUREGIO_{name.upper()}", str(getattr(settings, name)))
    office.run("2026-11-20", register(range(300)))
    with pytest.raises(BatchBlocked) as held:
        office.run("2026-11-21", register(range(40)))
    facts = {**about(NAME, ["recharging_point"], settings), "run_id": "run-2", "period": "2026-11-21"}
    problem = problem_of(held.value, "check", {"period": "2026-11-21", "batch_id": held.value.batch})
    with open_journal(settings) as journal:
        incident = Desk(journal, Alerts(), Nobody()).report(problem, facts, datetime.now(UTC)).incident_id
    return {
        "dataset": NAME, "file": office.folder / "2026-11-20.csv", "locations": LOCATIONS, "folder": office.folder / "backup",
        "incident": incident, "batch": held.value.batch,
    }  # fmt: skip


class Nobody:
    """Sends nothing."""

    def send(self, *_: object) -> None:
        """Nothing."""


def test_the_commands_run(operated: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    given = dict.fromkeys(one["run"] for one in LISTED.values() if "run" in one)
    failed = []
    for arguments in sorted(given, key=lambda text: (*(text.startswith(word) for word in reversed(LAST)),)):
        filled = [re.sub(r"{(\w+)}", lambda found: str(operated[found[1]]), word) for word in shlex.split(arguments)]
        code = cli.main(filled)
        told = capsys.readouterr()
        if code or not told.out.strip():
            failed.append(f"{arguments}: {code}, {told.err.strip() or 'it said nothing'}")
    assert failed == []


@pytest.mark.parametrize("command", [name for name, one in LISTED.items() if "run-module" in one])
def test_the_modules_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, name = shlex.split(command)
    monkeypatch.setattr(sys, "argv", ["-m", str(tmp_path / name)])
    runpy.run_module(LISTED[command]["run-module"], run_name="__main__")
    assert (tmp_path / name).stat().st_size > 100
