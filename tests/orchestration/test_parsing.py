"""600 declared datasets are parsed from their files alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_six_hundred_declarations_are_parsed_without_network_lake_or_variable(tmp_path: Path, record_property) -> None:
    countries = [f"{a}{b}" for a in "abcdef" for b in "klmno"]
    for number in range(600):
        path = tmp_path / "include" / "datasets" / countries[number % len(countries)] / f"charging__office{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEMPLATE.format(number=number, rhythm=RHYTHMS[number % 5], host=number % 100))
    sql = tmp_path / "include" / "sql"
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
        env={**os.environ, "EUREGIO_PROJECT": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "airflow"),
             "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    record_property("seconds", found["seconds"])
    print(f"602 DAGs parsed in {found['seconds']:.2f} s, {found['processor_seconds']:.2f} s of one processor")
    assert found["errors"] == {}
    assert found["calls"] == []
    assert found["dags"] == 602  # and the watch
