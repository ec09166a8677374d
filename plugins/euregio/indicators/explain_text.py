"""Writes an explanation for a person who reads a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from euregio.indicators.sentence import number

#: Rows that are written out; JSON has all of them.
SHOWN_ROWS = 20
#: A trace is read to compare: more digits than a sentence has.
_DIGITS = 4


def as_text(trace: dict[str, Any]) -> str:
    """The fields of an `Explanation` as lines of text."""
    return "\n".join(_lines(trace))


def _lines(trace: dict[str, Any]) -> Iterator[str]:
    yield f"{trace['title']} · {trace['region']}"
    yield from _times(trace["values"])
    dimension = None
    for value in trace["values"]:
        if value["dimension"] != dimension:
            dimension = value["dimension"]
            yield ""
            if dimension:
                yield dimension
        yield "  " + _value(value, trace)
    yield from _part(
        "What it is", [trace["definition"], f"Reference: {trace['reference']}", f"Coverage: {trace['coverage']}"]
    )
    floor = trace["floor"]
    # A least coverage of zero withholds nothing.
    covered = f"with a coverage below {_percent(floor['coverage'])} or " if floor["coverage"] else ""
    each = f" in each {floor['each']}" if floor["each"] else ""
    yield f"  A value {covered}of fewer than {_counted(floor['n'], 'row')}{each} is withheld."
    yield from _part("Formula, over the rows behind", trace["formula"].splitlines())
    yield from _part(
        "Parameters", [f"{p['name']} = {p['value']} {p['unit']}: {p['source']}" for p in trace["parameters"]]
    )
    yield from _part("Made from", [line for dataset in trace["datasets"] for line in _dataset(dataset)])
    yield from _part("Left out", map(_left_out, trace["left_out"]))
    yield from _part("Credits", trace["credits"])
    yield from _part("Not wholly comparable", trace["comparability"])
    yield from _part("Notes", trace["notes"])
    if trace["rows"] is not None:
        rows = trace["rows"]
        yield from _part(
            f"Rows behind ({min(SHOWN_ROWS, len(rows)):,} of {len(rows):,}; --json has all)",
            map(_row, rows[:SHOWN_ROWS]),
        )


def _times(values: list[dict[str, Any]]) -> Iterator[str]:
    """Period, instant and run of the values, each once: a computation gives them all."""
    for key in dict.fromkeys((v["period"], v["computed_at"], v["run_id"]) for v in values):
        period, at, run = key
        yield f"period {period}, computed {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, run {run}"


def _part(title: str, lines: Any) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _value(value: dict[str, Any], trace: dict[str, Any]) -> str:
    behind = _counted(value["n"], "row")
    if value["coverage"] is not None and value["coverage"] < 1:
        behind += f", coverage {_percent(value['coverage'])}"
    if value["value"] is None:
        return f"{value['side_id']:<7} withheld: {value['reason']} ({behind})"
    return f"{value['side_id']:<7} {_shown(value, trace)} ({behind})"


def _shown(value: dict[str, Any], trace: dict[str, Any]) -> str:
    """The number with its unit; of a contrast, how the first side stands to the second."""
    given, is_percent = value["value"], trace["shown_as"] == "percent"
    unit = "" if trace["unit"] == "1" else f" {trace['unit']}"
    if value["side_kind"] != "contrast":
        return _percent(given) if is_percent else number(given, digits=_DIGITS) + unit
    first, _, second = value["side_id"].partition(":")
    if trace["contrast"] == "ratio":
        return f"{number(given, digits=_DIGITS)} times: {first} divided by {second}"
    if trace["contrast"] == "min_max":
        return f"{number(given, digits=_DIGITS)} times: the smaller of {first} and {second} divided by the greater"
    apart = (
        f"{number(100 * given, digits=_DIGITS)} percentage points"
        if is_percent
        else number(given, digits=_DIGITS) + unit
    )
    return f"{apart}: {first} less {second}"


def _percent(share: float) -> str:
    return f"{number(100 * share, digits=_DIGITS)} %"


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _dataset(entry: dict[str, Any]) -> Iterator[str]:
    snapshot = "" if entry["snapshot_id"] is None else f" · snapshot {entry['snapshot_id']}"
    counts = [f"{_counted(entry['rows'], 'row')} used"]
    counts += [f"{entry['missing']:,} lack what is needed"] if entry["missing"] else []
    counts += [f"{entry['excluded']:,} excluded by definition"] if entry["excluded"] else []
    yield f"{entry['dataset']} · {entry['table']} · period {entry['period']}{snapshot}: {', '.join(counts)}"
    if entry["rows_in_count"] is not None:
        of = "" if entry["counts_of"] == entry["table"] else f" of {entry['counts_of']}"
        yield (
            f"    read {entry['rows_in_count']:,} rows{of}: admitted {entry['admitted_count']:,}, corrected {entry['corrected_count']:,}, "
            f"quarantined {entry['quarantined_count']:,}{_reasons(entry['quarantine_reasons'])}"
            + (f"; withheld by policy {entry['withheld_count']:,}" if entry["withheld_count"] else "")
        )
        yield f"    {entry['publisher']}: {entry['title']}; {entry['licence_id']} {entry['licence_url'] or ''}".rstrip()
    if entry["run_id"]:
        yield f"    run {entry['run_id']}"


def _left_out(entry: dict[str, Any]) -> str:
    why = "excluded by definition" if entry["role"] == "excluded" else "lacking what is needed"
    return f"{entry['side_id']}: {_counted(entry['rows_count'], 'row')} of {entry['table_name']}, {why}: {entry['why']}"


def _reasons(reasons: dict[str, int]) -> str:
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in reasons.items())})" if reasons else ""


def _row(row: dict[str, Any]) -> str:
    first = ("side_id", "dataset", "row_id", "role", "why")
    head = " ".join(str(row[name]) for name in first if name in row)
    skipped = {*first, "table_name", "period", "point_id", "raw"}
    return f"{head}: " + ", ".join(f"{name} {value}" for name, value in row.items() if name not in skipped)
