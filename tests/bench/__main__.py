"""`make bench`: seconds, peak memory and ratios, printed and written to docs/benchmarks.md.

EUREGIO_BENCH_POINTS (1000000) is the size; EUREGIO_BENCH_RUNS (3) how often each pair runs; EUREGIO_BENCH_LARGE=1 adds
ten times the size for the growth of time and memory (its input takes some minutes to make).
`python -m tests.bench parsing` prints the row of the DAG files alone.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.bench.inputs import feed_file, regions_file
from tests.orchestration.many_datasets import parse_many

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("EUREGIO_BENCH_FOLDER") or ROOT / ".euregio" / "bench")
POINTS = int(os.environ.get("EUREGIO_BENCH_POINTS") or 1_000_000)
RUNS = int(os.environ.get("EUREGIO_BENCH_RUNS") or 3)
LARGE = bool(os.environ.get("EUREGIO_BENCH_LARGE"))


@dataclass
class Took:
    """Medians of one piece of work: wall seconds, processor seconds, peak memory of the process (MB), what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: dict


def once(*command: str) -> Took:
    """One run as a process of its own, by the system's own account."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    out = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    said = json.loads(out.strip().splitlines()[-1]) if out.strip().startswith("{") else {}
    return Took(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def pair(ours: tuple[str, ...], other: tuple[str, ...], runs: int = RUNS) -> tuple[Took, Took, float]:
    """Both in turn, `runs` times: their medians, and the median of the wall ratios ours/other pair by pair."""
    found = [(once(*other), once(*ours)) for _ in range(runs)]
    ratios = [mine.wall_s / theirs.wall_s for theirs, mine in found]
    return _median([m for _, m in found]), _median([o for o, _ in found]), statistics.median(ratios)


def _median(runs: list[Took]) -> Took:
    middle = [statistics.median(getattr(run, name) for run in runs) for name in ("wall_s", "cpu_s", "peak_mb")]
    return Took(*middle, runs[-1].said)


def work(name: str, *arguments: str) -> tuple[str, ...]:
    """The command of one piece of tests.bench.work."""
    return ("-m", "tests.bench.work", name, *arguments)


def made(dataset: str, points: int) -> str:
    """A publisher's file, made by another process: the most memory that this one has held counts for each that it starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return str(apart.submit(feed_file, FOLDER, dataset, points).result())


def parsing() -> str:
    """The row of 600 declarations' DAGs, parsed in a process of its own; Airflow's own imports are not counted."""
    found = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            found.append(parse_many(Path(folder), 600))
    wall_s, cpu_s = (statistics.median(one[name] for one in found) for name in ("seconds", "processor_seconds"))
    return f"| 600 declarations: {found[-1]['dags']} DAGs parsed from their files (aim 3 s) | {wall_s:.1f} | {cpu_s:.1f} | | | |"


def main() -> None:
    """Run everything, print and write the tables."""
    if sys.argv[1:] == ["parsing"]:
        print(parsing())
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder, regions = str(FOLDER / "out"), str(regions_file(FOLDER))
    Path(folder).mkdir(exist_ok=True)
    once(*work("grid", regions, folder))
    lines: list[str] = []

    def show(what: str, took: Took, ratio: str = "") -> None:
        steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.said.get("took", {}).items())
        lines.append(f"| {what} | {took.wall_s:.1f} | {took.cpu_s:.1f} | {took.peak_mb:.0f} | {ratio} | {steps} |")
        print(lines[-1], flush=True)

    small: Took | None = None
    for title, dataset, bare, against, target in (
        ("IRVE CSV", "fr.charging__irve_static", "bare_csv", "a bare DuckDB COPY from read_csv to Parquet", 2.5),
        ("OCPI JSON", "nl.charging__dot_nl", "bare_json", "a bare DuckDB COPY from read_json to Parquet", 2.5),
        ("DATEX II XML", "es.charging__electrolineras", "bare_xml", "a bare lxml iterparse pass", 2.0),
    ):
        print(f"making {POINTS:,} points of {title}", flush=True)
        file = made(dataset, POINTS)
        ours, other, ratio = pair(work("euregio", file, folder, dataset), work(bare, file, folder))
        size = os.path.getsize(file) / 1e6
        show(f"{title}, {size:.0f} MB: {against}", other)
        show(f"{title}: decode, check, harmonise, release", ours, f"{ratio:.2f} × (aim {target} ×)")
        if small is None:
            small = ours
            peer = once("-m", "tests.bench.peers", file, folder, regions)
            show(
                f"{title}: pandas, Great Expectations, geopandas",
                peer,
                f"{peer.wall_s / ours.wall_s:.1f} × ours (aim 6 ×)",
            )
    if LARGE and small is not None:
        print(f"making {10 * POINTS:,} points of IRVE CSV", flush=True)
        file = made("fr.charging__irve_static", 10 * POINTS)
        large = once(*work("euregio", file, folder, "fr.charging__irve_static"))
        growth = f"time {large.wall_s / small.wall_s:.1f} × (aim 11 ×), memory {large.peak_mb / small.peak_mb:.2f} × (aim 1.3 ×)"
        show(f"IRVE CSV, ten times as many ({os.path.getsize(file) / 1e6:.0f} MB)", large, growth)
    lines.append(parsing())
    print(lines[-1], flush=True)
    write(lines)


def write(lines: list[str]) -> None:
    """Put the table into docs/benchmarks.md between its marks; what stands around it stays."""
    path = ROOT / "docs" / "benchmarks.md"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("<!-- figures -->")[0], text.split("<!-- /figures -->")[1]
    cores = os.cpu_count()
    table = "\n".join(
        [
            f"{POINTS:,} points, medians of {RUNS} runs in turn; {platform.machine()}, {cores} cores, Python {platform.python_version()}.",
            "",
            "| what | wall s | processor s | peak MB | ratio of wall times | steps, s |",
            "|---|---|---|---|---|---|",
            *lines,
        ]
    )
    path.write_text(f"{head}<!-- figures -->\n{table}\n<!-- /figures -->{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
