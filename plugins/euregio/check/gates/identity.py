"""Identity churn: objects of the last release whose id is gone or has become another's."""

from __future__ import annotations

from pathlib import Path

import duckdb

from euregio.check.gates.finding import Finding, is_beyond_chance
from euregio.declarations.gates import GateLimits
from euregio.declarations.tables import Table
from euregio.storage.duck import identifier, quoted


def identity_churn(
    con: duckdb.DuckDBPyConnection, table: Table, before: Path, now: Path, limits: GateLimits | None = None
) -> list[Finding]:
    """Compare the keys in the harmonised rows (Parquet) of two batches: at most one finding, which blocks.

    Ids that came are growth and pass; ids that are gone are deletions, or the same objects under other ids. All rows
    count, quarantined ones too: what we hold back the publisher has not deleted. Observations have no such identity.
    """
    limits = limits or GateLimits()
    key = [name for name in table.key if not name.endswith("_at")]
    if not key or len(key) < len(table.key):
        return []
    hashed = "hash(" + ", ".join(identifier(name) for name in key) + ")"
    ids = "SELECT DISTINCT {} AS id FROM read_parquet({})"
    found = con.execute(
        f"WITH old AS ({ids.format(hashed, quoted(str(before)))}), new AS ({ids.format(hashed, quoted(str(now)))}) "
        "SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM old ANTI JOIN new USING (id)), "
        "(SELECT count(*) FROM new ANTI JOIN old USING (id))"
    ).fetchone()
    had, gone, came = (int(number) for number in found or (0, 0, 0))
    if not had or gone / had <= limits.gone or not is_beyond_chance(had, gone):
        return []
    share = f"{gone:,} of {had:,} ids ({gone / had:.0%}; {limits.gone:.0%} would pass)"
    # as many new ones as gone ones: nothing was taken down, everything was renamed
    renamed = came >= 0.8 * gone
    what = f"{share} are gone from {table.name}" + (f" and {came:,} others came: ids were changed" if renamed else "")
    figures = {"table": table.name, "ids_before": had, "ids_gone": gone, "ids_came": came, "renamed": renamed}
    return [Finding("identity", what, True, figures)]
