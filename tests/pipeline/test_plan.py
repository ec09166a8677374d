"""What a changed file touches, and whether it breaks a table's readers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from euregio.changes import plan as module
from euregio.changes.plan import changed_since, plan
from euregio.errors import EuregioError
from euregio.settings import PROJECT


def unchanged(file: str) -> str | None:
    return (PROJECT / file).read_text("utf-8")


def test_a_format_touches_its_datasets_their_tables_and_what_reads_them() -> None:
    found = plan(["include/sql/harmonise/recharging_point/irve-static.sql"], unchanged)
    assert found.datasets == ["fr.charging__irve_static"]
    assert found.countries == ["FR"]
    assert {"recharging_point", "recharging_station", "connector"} <= set(found.tables)
    assert {"point_density", "border_cliff"} <= set(found.indicators)
    assert "fleet_target" not in found.indicators, "it reads registrations, which this format does not give"
    assert not found.breaking


def test_a_declaration_touches_its_dataset_only() -> None:
    found = plan(["include/datasets/fr/charging__irve_dynamic.yaml"], unchanged)
    assert (found.datasets, found.tables) == (["fr.charging__irve_dynamic"], ["status_observation"])
    assert "utilisation" in found.indicators
    assert "point_density" not in found.indicators


def test_a_rule_that_all_share_touches_all() -> None:
    found = plan(["include/codes/country.csv"], unchanged)
    assert len(found.datasets) == len(list((PROJECT / "include/datasets").glob("*/*.yaml")))


def test_an_indicator_touches_itself_and_docs_touch_nothing() -> None:
    found = plan(["include/sql/indicators/charging/point_density.sql"], unchanged)
    assert (found.datasets, found.indicators) == ([], ["point_density"])
    assert plan(["docs/architecture.md", "README.md"], unchanged).indicators == []


CONTRACT = "include/tables/tariff.yaml"


@pytest.mark.parametrize(
    ("was", "now", "version", "says"),
    [
        ("name: price_amount,", "name: price,", "1.0.0", "price_amount is gone"),
        ("physicalType: DOUBLE", "physicalType: VARCHAR", "1.0.0", "becomes"),
        ("name: price_amount,", "name: price,", "2.0.0", None),
        ('description: "', 'description: "More of ', "1.0.0", None),
    ],
)
def test_a_contract_that_breaks_its_readers_needs_a_new_major_version(
    monkeypatch: pytest.MonkeyPatch, was: str, now: str, version: str, says: str | None
) -> None:
    text = unchanged(CONTRACT)
    assert was in text
    changed = text.replace(was, now).replace("version: 1.0.0", f"version: {version}", 1)
    import yaml

    tables = {**module.load_tables(), "tariff": module.table_of(yaml.safe_load(changed), CONTRACT)}
    monkeypatch.setattr(module, "load_tables", lambda: tables)
    found = plan([CONTRACT], lambda _file: text)
    if says is None:
        assert found.breaking == []
    else:
        assert any(says in line and "needs version 2.0.0" in line for line in found.breaking)
    assert set(found.datasets) >= {"nl.charging__dot_nl_tariffs"}


def test_what_changed_comes_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    with pytest.raises(EuregioError, match="no git checkout"):
        changed_since("HEAD")
    old, new = tmp_path / "include/codes/status.csv", tmp_path / "include/tables/new.yaml"
    for path in (old, new):
        path.parent.mkdir(parents=True, exist_ok=True)
    old.write_text("as it was\n")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    old.write_text("as it is\n")
    new.write_text("x")
    (tmp_path / "README.md").write_text("x")
    changed, before = changed_since("HEAD")
    assert changed == ["include/codes/status.csv", "include/tables/new.yaml"]
    assert before("include/codes/status.csv") == "as it was\n"
    assert before("include/tables/new.yaml") is None
    for wrong in ("no-such-branch", "--output=x"):
        with pytest.raises(EuregioError, match="not a git reference"):
            changed_since(wrong)
