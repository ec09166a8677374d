"""Files of one format at a size, made by the sandbox once and kept below .euregio/bench."""

from __future__ import annotations

from pathlib import Path

import duckdb

from euregio.sandbox.build import FIRST_SNAPSHOT
from euregio.sandbox.feeds import build_one_feed, feed_files
from euregio.sandbox.publishers import PUBLISHERS
from euregio.sandbox.publishers.reference import write_reference
from euregio.sandbox.publishers.writing import write_file

#: Share of stations with a defect, as in the sandbox's default: verdicts are part of the work.
DEFECTS = 0.02
SEED = 7


def feed_file(folder: Path, dataset: str, points: int) -> Path:
    """The file that the simulated publisher of `dataset` would serve with `points` recharging points, unpacked."""
    path = folder / f"{dataset}-{points}"
    if path.exists():
        return path
    publisher = PUBLISHERS[dataset]
    work = folder / f"work-{dataset}-{points}"
    work.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"memory_limit": "1GB", "threads": "2", "temp_directory": str(work / "spill")})
    build_one_feed(con, work, publisher.feed, points, SEED, DEFECTS)
    part = path.with_name(path.name + ".part")
    write_file(con, publisher, feed_files(work, publisher.feed), part, FIRST_SNAPSHOT, SEED)
    con.close()
    if publisher.gzipped:
        import gzip
        import shutil

        with gzip.open(part) as packed, path.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
        part.unlink()
    else:
        part.rename(path)
    return path


def regions_file(folder: Path) -> Path:
    """The sandbox's regions as GISCO GeoJSON."""
    files = folder / "reference"
    if not files.exists():
        files.mkdir(parents=True)
        write_reference(files)
    return files / "eu.spatial__gisco_nuts"
