"""Many generated declarations, parsed as Airflow parses DAG files: for the test of what parsing asks, and for the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from euregio.settings import PROJECT

RHYTHMS = ("P1D", "PT5M", "P1M", "P1Y", "PT1H")
TEMPLATE = """title: Register {number}
publisher: Office {number}
homepage: https://office-{number}.example/
format: irve-static
rhythm: {rhythm}
source:
  url: https://data{host}.example/register-{number}.csv
licence:
  id: CC-BY-4.0
attribution: Office {number}
release:
  access: open
  fields: [point_id, power_kw, latitude_deg, longitude_deg]
notes: |
  One of many.
"""


def parse_many(folder: Path, count: int) -> dict[str, Any]:
    """Write `count` declarations below `folder`, parse the project's DAG files over them in a process of its own, and
    give what parse_dags.py counted: `dags`, `errors`, `calls`, `seconds` and `processor_seconds` (Airflow's own imports not
    among them)."""
    countries = [f"{a}{b}" for a in "abcdef" for b in "klmno"]
    for number in range(count):
        path = folder / "include" / "datasets" / countries[number % len(countries)] / f"charging__office{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEMPLATE.format(number=number, rhythm=RHYTHMS[number % 5], host=number % 100))
    sql = folder / "include" / "sql"
    for name in ("harmonise/recharging_point/irve-static.sql", "derive/connector.sql"):
        (sql / name).parent.mkdir(parents=True, exist_ok=True)
        (sql / name).touch()
    (sql / "indicators" / "charging").mkdir(parents=True)
    (sql / "indicators" / "charging" / "density.sql").write_text(
        "/*---\ninputs: [core.current_recharging_point]\n---*/\nSELECT 1"
    )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("parse_dags.py")), str(PROJECT / "dags")],
        capture_output=True, text=True, check=False,
        env={**os.environ, "EUREGIO_PROJECT": str(folder), "AIRFLOW_HOME": str(folder / "airflow"),
             "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder)},
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])
