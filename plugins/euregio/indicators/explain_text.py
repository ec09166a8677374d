"""Writes an explanation for a person who reads a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Rows that are written out; JSON has all of them.
SHOWN_ROWS = 20


def as_text(trace: dict[str, Any]) -> str:
    """The fields of an `Explanation` as lines of text."""
    return "\n".join(_lines(trace))


def _lines(trace: dict[str, Any]) -> Iterator[str]:
    yield f"{trace['title']} · {trace['region']}"
    yield ""
    for value in trace["values"]:
        yield "  " + _value(value)
    yield from _part(
        "What it is", [trace["definition"], f"Reference: {trace['reference']}", f"Coverage: {trace['coverage']}"]
    )
    floor = trace["floor"]
    yield f"  Published from coverage {floor['coverage']:g} and {floor['n']} rows on; below it is withheld."
    yield from _part("Formula, over the rows behind", trace["formula"].splitlines())
    yield from _part(
        "Parameters", [f"{p['name']} = {p['value']} {p['unit']}: {p['source']}" for p in trace["parameters"]]
    )
    yield from _part("Made from", [line for dataset in trace["datasets"] for line in _dataset(dataset)])
    yield from _part(
        "Left out",
        [
            f"{e['side_id']}: {e['rows_count']:,} of {e['table_name']}, {e['role']}: {e['why']}"
            for e in trace["left_out"]
        ],
    )
    yield from _part("Credits", trace["credits"])
    yield from _part("Not wholly comparable", trace["comparability"])
    yield from _part("Notes", trace["notes"])
    if trace["rows"] is not None:
        rows = trace["rows"]
        yield from _part(
            f"Rows behind ({min(SHOWN_ROWS, len(rows)):,} of {len(rows):,}; --json has all)",
            map(_row, rows[:SHOWN_ROWS]),
        )


def _part(title: str, lines: Any) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _value(value: dict[str, Any]) -> str:
    place = f"{value['side_id']:<10} {value['dimension']}".rstrip()
    if value["value"] is None:
        return f"{place}: withheld, {value['reason']} ({value['n']:,} rows)"
    unit = "" if value["unit"] == "1" else f" {value['unit']}"
    coverage = "" if value["coverage"] is None else f", coverage {value['coverage']:.3g}"
    return f"{place}: {value['value']:.6g}{unit} ({value['n']:,} rows{coverage}; period {value['period']}, run {value['run_id']})"


def _dataset(entry: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{entry['dataset']} · {entry['table']} · period {entry['period']} · run {entry['run_id']} · snapshot {entry['snapshot_id']}: "
        f"{entry['rows']:,} rows used, {entry['missing']:,} lack what is needed, {entry['excluded']:,} excluded by definition"
    )
    if entry["rows_in_count"] is not None:
        yield (
            f"    read {entry['rows_in_count']:,}, admitted {entry['admitted_count']:,}, corrected {entry['corrected_count']:,}, "
            f"quarantined {entry['quarantined_count']:,}{_reasons(entry['quarantine_reasons'])}, withheld by policy {entry['withheld_count']:,}"
        )
        yield f"    {entry['publisher']}: {entry['title']}; {entry['licence_id']} {entry['licence_url'] or ''}".rstrip()


def _reasons(reasons: dict[str, int]) -> str:
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in reasons.items())})" if reasons else ""


def _row(row: dict[str, Any]) -> str:
    first = ("side_id", "dataset", "row_id", "role", "why")
    head = " ".join(str(row[name]) for name in first if name in row)
    skipped = {*first, "table_name", "period", "point_id", "raw"}
    return f"{head}: " + ", ".join(f"{name} {value}" for name, value in row.items() if name not in skipped)
