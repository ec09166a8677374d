"""The policy's condition on rows asks the row and nothing else."""

from __future__ import annotations

import pytest

from euregio.declarations.tables import load_table
from euregio.errors import ReleaseError
from euregio.release.condition import check_types, columns_asked

TABLE = load_table("recharging_point")


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("true", []), ("access_type = 'public'", ["access_type"]), ("true -- a comment", []), ("/* a */ power_kw > 22", ["power_kw"]),
        ("lower(city) LIKE 'a%' AND power_kw + 1 > 2", ["city", "power_kw"]), ("list_contains(connector_types, 'chademo')", ["connector_types"]),
        ("CASE WHEN power_kw BETWEEN 1 AND 2 THEN city IN ('a', 'b') END", ["city", "power_kw"]), ("commissioned_on < today()", ["commissioned_on"]),
        ("is_open_24_7", ["is_open_24_7"]), ("NULL", []),
    ],
)  # fmt: skip
def test_a_condition_on_the_row_is_understood(rows: str, columns: list[str]) -> None:
    assert columns_asked(rows, "x") == columns
    check_types(rows, TABLE, "x")


@pytest.mark.parametrize(
    "rows",
    [
        "", "  ", "power_kw >", "1=1) OR (1=1", "true) -- \n OR (true", "true; DROP TABLE x", "true /*", "true LIMIT 1", "true UNION ALL SELECT 1",
        "true GROUP BY 1", "true QUALIFY true", "(SELECT true)", "EXISTS (FROM t)", "true AND (VALUES (true))", "* = 1", "COLUMNS(*) IS NOT NULL",
        "point_id IN (SELECT column0 FROM read_csv('/etc/passwd'))", "read_text('/etc/passwd')", "content FROM read_text('/etc/passwd')", "query('select 1')",
        "$1", "?", "DEFAULT", "row_number() OVER () < 5", "count(*) > 0", "sum(power_kw) > 0", "unnest([true, true])", "random() < 0.5",
        "getenv('HOME') = 'x'", "current_setting('s3_secret_access_key') = 'x'", "getvariable('x') IS NULL", "error('x')", "TRY(error('x')) IS NULL",
        "nextval('s') > 0", "write_log('x') IS NULL", "pg_sleep(10)", "no_such_function(1)",
    ],
)  # fmt: skip
def test_what_asks_more_than_the_row_is_refused(rows: str) -> None:
    with pytest.raises(ReleaseError, match="not a condition on one row"):
        columns_asked(rows, "ch.a, release.rows")


@pytest.mark.parametrize("rows", ["power_kw", "'x'", "city > 5", "power_kw = 'many'", "GROUPING(power_kw) = 0"])
def test_what_is_no_truth_of_the_tables_columns_is_refused_before_any_row_is_read(rows: str) -> None:
    columns_asked(rows, "x")
    with pytest.raises(ReleaseError, match="not a condition on one row"):
        check_types(rows, TABLE, "ch.a, release.rows")
