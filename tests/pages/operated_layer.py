"""A small real layer and journal for tests of the pages: two releases, a batch that a gate holds, texts that are markup.

As a program it fills the installation that the environment names (for a real Airflow, which runs in processes of its own).
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from euregio import pipeline
from euregio.alerts.desk import Desk
from euregio.alerts.facts import about
from euregio.alerts.problem import problem_of
from euregio.check.gates import BatchBlocked
from euregio.declarations.alerts import Alerts
from euregio.settings import Settings
from euregio.storage.journal import open_journal
from irve_header import FIELDS

ROOT = Path(__file__).resolve().parents[2]
NAME = "fr.charging__office"
HOSTILE = "<script>alert(1)</script>"
DATASET = f"""title: "Register {HOSTILE}"
publisher: "Office <img src=x onerror=alert(2)>"
homepage: "javascript:alert(3)"
format: irve-static
rhythm: P1D
source: {{url: "https://office.example/register.csv"}}
licence: {{id: CC-BY-4.0, url: "javascript:alert(4)"}}
attribution: "</script><b>credit</b>"
owner: Grid team
notes: "{HOSTILE}"
release:
  access: open
  fields: [identity, place, place_exact, operator, power, access, lifecycle]
"""
POINT = '{name},FRA01P{i},FRA01E{i},"[{x:.4f}, 48.{y}]",{power},true,false,Accès libre,24/7,2026-11-01'


def register(points: range) -> str:
    """A publisher's file: every tenth point without power, every twentieth nowhere, names that are markup."""
    lines = [
        POINT.format(
            name=HOSTILE, i=i, x=2 + i / 10000 if i % 20 else 300, y=i % 90 + 10, power=0 if i % 10 == 3 else 22
        )
        for i in points
    ]
    return "\n".join([FIELDS, *lines]) + "\n"


DAYS = {"2026-11-20": range(400), "2026-11-21": range(20, 420), "2026-11-22": range(40)}


def write_publisher(folder: Path) -> dict[str, object]:
    """The publisher's files of each day; gives the content of the profile that serves them."""
    for day, points in DAYS.items():
        (folder / f"{day}.csv").write_text(register(points))
    return {
        "kind": "files", "root": str(folder), "datasets": {NAME: [{"period": day, "files": [f"{day}.csv"]} for day in DAYS]},
    }  # fmt: skip


def project(folder: Path) -> Path:
    """A project of its own with one dataset, its profile `trial` and all else as in ours, for EUREGIO_PROJECT."""
    root = folder / "project"
    for name in ("expectations", "dags"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "include", root / "include", ignore=shutil.ignore_patterns("datasets"))
    declared = root / "include" / "datasets" / "fr" / "charging__office.yaml"
    declared.parent.mkdir(parents=True)
    declared.write_text(DATASET)
    (folder / "publisher").mkdir()
    profile = write_publisher(folder / "publisher")
    (root / "include" / "profiles" / "trial.yaml").write_text(json.dumps(profile))
    return root


class Nobody:
    """Sends nothing."""

    def send(self, *_: object) -> None:
        """Nothing."""


def fill(settings: Settings) -> str:
    """Two releases, then a batch that a gate holds and its incident; gives the incident's id."""
    first, second, third = DAYS
    for number, day in enumerate((first, second), 1):
        pipeline.run(NAME, day, run_id=f"run-{number}", settings=settings)
    try:
        pipeline.run(NAME, third, run_id="run-3", settings=settings)
    except BatchBlocked as error:
        zone_facts = {"period": third, "batch_id": error.batch}
        problem = problem_of(error, "check", error.facts.get("batch") or zone_facts)
        facts = {**about(NAME, ["recharging_point"], settings), "run_id": "run-3", "period": third}
        with open_journal(settings) as journal:
            return Desk(journal, Alerts(), Nobody()).report(problem, facts, datetime.now(UTC)).incident_id
    raise AssertionError("the gate held nothing")


if __name__ == "__main__":
    print(fill(Settings()))
