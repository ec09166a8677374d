"""`euregio diff`, `plan` and `retract`: what would change, in words; and a release taken back with its indicators."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

from euregio import again, pipeline, use_case
from euregio.changes.difference import Difference, TableChange, ValueChange, difference
from euregio.changes.plan import Plan
from euregio.declarations import datasets
from euregio.errors import DeclarationError
from euregio.indicators.registry import load_indicators, use_cases
from euregio.release import retract as releases
from euregio.settings import Settings
from euregio.storage.layer import alone, open_layer

_MOST = 40


def rehearsed(
    dataset_id: str, period: str | None, *, fetch: bool = False, settings: Settings | None = None
) -> Difference:
    """The difference that a replay of a release would make, or with `fetch` the publisher's bytes of `period`.

    Nothing is released. Raises DeclarationError for a fetch without a period, and what the steps raise.
    """
    settings = settings or Settings()
    if fetch and not period:
        raise DeclarationError("a fetch is of a period", where=dataset_id, expected="--period, such as 2026-11-20")
    if fetch:
        batch = pipeline.extract(dataset_id, str(period), settings=settings)
    else:
        batch = again.landed(dataset_id, period, settings=settings)
    if batch.unchanged:
        return Difference(dataset_id, batch.period, batch.period, [], [])
    batch = pipeline.harmonise(pipeline.check(batch, settings=settings), settings=settings)
    return difference(batch, settings)


def difference_text(found: Difference) -> str:
    """The difference in lines for people."""
    where = f"{found.dataset} {found.period}"
    if found.is_none:
        return f"{where}: nothing would change"
    lines = [f"{where}, against the release of {found.replaces or 'nothing: it would be the first'}"]
    lines += [_table_line(one) for one in found.tables]
    lines += [_value_line(one) for one in found.values[:_MOST]]
    if len(found.values) > _MOST:
        lines.append(f"  … and {len(found.values) - _MOST} more values (--json has them all)")
    if not found.values:
        lines.append("  no indicator would change")
    return "\n".join([*lines, "Nothing was released."])


def _table_line(one: TableChange) -> str:
    line = f"  {one.table:<22} {one.before:>9,} → {one.after:>9,} rows   added {one.added:,}, gone {one.gone:,}, changed {one.changed:,}"
    columns = ", ".join(f"{name} {count:,}" for name, count in sorted(one.columns.items(), key=lambda item: -item[1]))
    return f"{line} ({columns})" if columns else line


def _value_line(one: ValueChange) -> str:
    before, after = ("withheld" if value is None else f"{value:.4g}" for value in (one.before, one.after))
    name = " ".join(part for part in (one.indicator_id, one.dimension) if part)
    return f"  {one.region_id:<20} {one.side_id:<8} {name:<40} {before} → {after} {one.unit}" + (
        f"  ({one.reason})" if one.reason else ""
    )


def plan_text(found: Plan) -> str:
    """The plan in lines for people."""
    if not found.files:
        return "nothing that data depend on has changed"
    parts = (
        ("changed", found.files), ("contracts", found.contracts), ("datasets", found.datasets), ("countries", found.countries),
        ("tables", found.tables), ("indicators", found.indicators), ("regions", found.regions), ("BREAKING", found.breaking),
    )  # fmt: skip
    few = ("changed", "contracts", "BREAKING")  # a line each; of the others the names in a row
    lines = []
    for title, entries in parts:
        rows = entries if title in few else textwrap.wrap(", ".join(entries), 110, break_on_hyphens=False)
        lines += [f"{title if not number else '':<11} {row}" for number, row in enumerate(rows)]
    return "\n".join(lines)


def retract(dataset_id: str, period: str, person: str, reason: str, settings: Settings | None = None) -> str:
    """Withdraw a release, and compute and publish anew the indicators that read its tables; what was done, in words."""
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    with open_layer(settings, read_only=False) as con, alone(con, settings, dataset.id):
        gone = releases.retract(con, dataset_id, period, person=person, reason=reason)
    done = computed_anew(set(pipeline.tables_given(dataset)), settings)
    computed = f"; computed and published anew: {', '.join(done)}" if done else ""
    return f"{dataset_id} {period}: {gone:,} rows withdrawn by {person}{computed}"


def computed_anew(tables: set[str], settings: Settings) -> list[str]:
    """Compute and publish anew the indicators of each use case that reads one of the tables; gives the use cases."""
    run_id, done = pipeline.new_run_id(), []
    for name in use_cases():
        if any(one.tables & tables for one in load_indicators(name).values()):
            summary = use_case.compute(name, datetime.now(UTC).date().isoformat(), run_id=run_id, settings=settings)
            use_case.publish(name, [use_case.check_indicators(name, summary, settings=settings)], settings=settings)
            done.append(name)
    return done
