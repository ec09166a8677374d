"""Computed values pass their suite before they are written, and a nonsensical one refuses the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_world import NOW

from euregio.check.run import run_check
from euregio.check.suite import load_suite
from euregio.errors import BatchRefused
from euregio.indicators.run import compute
from euregio.settings import PROJECT

SUITE = load_suite(PROJECT / "expectations" / "indicators" / "charging.json")
VALUES = "SELECT *, 'computed' AS _file, row_number() OVER () AS _record FROM computed_values"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("SELECT 1", None),
        ("DELETE FROM computed_values", "no_value_computed"),
        ("UPDATE computed_values SET coverage = 1.5 WHERE side_id = 'a'", "coverage_is_no_share"),
        ("UPDATE computed_values SET value = 1e12 WHERE side_id = 'a'", "value_out_of_all_bounds"),
        ("INSERT INTO computed_values FROM computed_values", "value_computed_twice"),
        ("UPDATE computed_values SET inputs = 'none' WHERE side_id = 'a'", "inputs_are_no_list"),
        ("UPDATE computed_values SET side_id = 'De;' WHERE side_id = 'a'", "side_is_not_named"),
    ],
)
def test_only_sound_values_pass(layer, regions, tmp_path: Path, damage: str, reason: str | None) -> None:
    compute(layer, "charging", "p", run_id="t", regions=[regions["pair"]], computed_at=NOW, only="point_density")
    layer.execute(damage)
    if reason is None:
        assert all(rule.success for rule in run_check(layer, VALUES, SUITE, tmp_path / "failures.parquet").rules)
    else:
        with pytest.raises(BatchRefused, match=reason):
            run_check(layer, VALUES, SUITE, tmp_path / "failures.parquet")
