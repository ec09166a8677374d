"""Geometry of the pages' pictures: verdict bars, trends, the history of releases, the lineage. Numbers only, no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from euregio.pages.models import Counts, Lineage, Node, Release, RunState

VERDICTS = ("admitted", "corrected", "quarantined")


@dataclass(frozen=True)
class Piece:
    """A piece of a bar: its class, where it begins and how wide it is, in per cent."""

    name: str
    x: float
    width: float


def pieces(counts: Counts | None) -> list[Piece]:
    """The verdicts of a release as pieces of one bar. What is there is seen: at least one per cent wide."""
    if counts is None or not counts.rows_in_count:
        return []
    shares = {name: 100 * getattr(counts, f"{name}_count") / counts.rows_in_count for name in VERDICTS}
    seen = {name: max(share, 1.0) for name, share in shares.items() if share > 0}
    whole = sum(seen.values())
    found, at = [], 0.0
    for name, share in seen.items():
        width = 100 * share / whole
        found.append(Piece(name, round(at, 2), round(width, 2)))
        at += width
    return found


def trend(releases: Sequence[Release], width: float = 96, height: float = 24) -> dict[str, Any] | None:
    """A line of rows that came, with its last point; None for fewer than two releases. The scale begins at zero."""
    return line([one.rows_in_count for one in releases], width, height)


def line(values: Sequence[float], width: float = 96, height: float = 24) -> dict[str, Any] | None:
    """A line over values in their order, with its last point; None for fewer than two. The scale begins at zero."""
    if len(values) < 2:
        return None
    most = max(values) or 1
    step = (width - 6) / (len(values) - 1)
    places = [
        (round(3 + step * number, 1), round(height - 3 - (height - 6) * value / most, 1))
        for number, value in enumerate(values)
    ]
    return {"points": " ".join(f"{x},{y}" for x, y in places), "last": places[-1], "width": width, "height": height}


#: What a dataset's page draws of its runs: title, measure, its filter's name.
MEASURES = (
    ("Time in tasks", "duration_s", "seconds"), ("Processor time", "processor_s", "seconds"),
    ("Peak memory", "peak_memory_bytes", "size"), ("Came from the publisher", "fetched_bytes", "size"),
)  # fmt: skip


def used(runs: Sequence[RunState]) -> list[dict[str, Any]]:
    """Lines of what the last runs took, the oldest left; a run that was not measured is left out."""
    found = []
    for title, name, kind in MEASURES:
        values = [value for run in reversed(runs) if run.used and (value := getattr(run.used, name)) is not None]
        if drawn := line(values):
            found.append({"title": title, "kind": kind, "line": drawn, "count": len(values), "first": values[0], "last": values[-1], "most": max(values)})  # fmt: skip
    return found


def history(releases: Sequence[Release], most: int = 40) -> dict[str, Any] | None:
    """Stacked bars of the last releases of one table, the oldest left, on one scale that begins at zero."""
    shown = list(releases)[-most:]
    top = max((one.rows_in_count for one in shown), default=0)
    if not top:
        return None
    left, right, base, high = 60.0, 10.0, 150.0, 130.0
    slot = min((720 - left - right) / len(shown), 130.0)
    bars = []
    for number, one in enumerate(shown):
        y, parts = base, []
        for name in VERDICTS:
            size = high * getattr(one, f"{name}_count") / top
            if size > 0:
                size = max(size, 1.0)
                y -= size
                parts.append({"name": name, "y": round(y, 1), "height": round(size, 1)})
        bars.append(
            {
                "x": round(left + slot * number + slot * 0.1, 1),
                "width": round(slot * 0.8, 1),
                "parts": parts,
                "release": one,
            }
        )
    ends = [bars[0]] if len(bars) == 1 else [bars[0], bars[-1]]
    ticks = [{"y": round(base - high * share, 1), "value": round(top * share)} for share in (0, 0.5, 1)]
    return {"bars": bars, "ticks": ticks, "ends": ends, "left": left, "base": base}


def lineage(one: Lineage) -> dict[str, Any]:
    """Boxes with places, and lines between them as paths."""
    wide, tall, gap, across = 208, 38, 8, 38
    columns: dict[int, list[Node]] = {}
    for node in one.nodes:
        columns.setdefault(node.column, []).append(node)
    height = max(len(nodes) for nodes in columns.values()) * (tall + gap) + gap
    places: dict[str, tuple[float, float]] = {}
    for order, number in enumerate(sorted(columns)):
        # near the top: on a phone the first boxes are what is seen before one scrolls
        begin = min((height - len(columns[number]) * (tall + gap) + gap) / 2, tall + gap)
        for row, node in enumerate(columns[number]):
            places[node.id] = (order * (wide + across) + 1, begin + row * (tall + gap))
    lines = []
    for source, target in one.edges:
        (x0, y0), (x1, y1) = places[source], places[target]
        x0, y0, y1 = x0 + wide, y0 + tall / 2, y1 + tall / 2
        middle = (x0 + x1) / 2
        lines.append(f"M{x0:.0f} {y0:.0f}C{middle:.0f} {y0:.0f} {middle:.0f} {y1:.0f} {x1:.0f} {y1:.0f}")
    boxes = [{"node": node, "x": places[node.id][0], "y": places[node.id][1]} for node in one.nodes]
    return {
        "boxes": boxes, "lines": lines, "wide": wide, "tall": tall, "width": len(columns) * (wide + across) - across + 2, "height": height,
    }  # fmt: skip
