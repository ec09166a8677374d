"""Build the sandbox's files in a work folder: feeds, each publisher's bytes, reference data; snapshots when asked for."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from euregio.sandbox.feeds import build_feeds, feed_files
from euregio.sandbox.publishers import PUBLISHERS
from euregio.sandbox.publishers.reference import CONTENT_TYPES, REFERENCE, write_reference
from euregio.sandbox.publishers.writing import write_file
from euregio.sandbox.truth import status_counts, write_truth

#: The first snapshot, UTC; each further one is a quarter of an hour later.
FIRST_SNAPSHOT = datetime(2026, 11, 20, 6, 0)
SNAPSHOT_STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Served:
    """A file ready to be served: its `path`, `content_type`, entity `tag`, and when it was `modified` (UTC)."""

    path: Path
    content_type: str
    tag: str
    modified: datetime


class Built:
    """The sandbox's files for one size, seed and defect rate (share of the stations with a defect)."""

    def __init__(self, work: Path, size: int, seed: int, rate: float) -> None:
        import duckdb

        if not 1 <= size <= 10_000_000:
            raise ValueError(f"size must be from 1 to 10000000 points, not {size}")
        if not 0 <= rate <= 1:
            raise ValueError(f"the defect rate must be from 0 to 1, not {rate}")
        self.work, self.size, self.seed, self.rate = work, size, seed, rate
        self.files = work / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self._con = duckdb.connect(
            config={"memory_limit": "512MB", "threads": "2", "temp_directory": str(work / "spill")}
        )
        self._lock = threading.RLock()
        self._served: dict[tuple[str, datetime], Served] = {}
        #: Lines that each publisher's file has.
        self.lines: dict[str, int] = {}
        build_feeds(self._con, work, size, seed, rate)
        self.lines |= write_reference(self.files)
        write_truth(self._con, work, {feed: feed_files(work, feed) for feed in {p.feed for p in PUBLISHERS.values()}})
        for dataset in PUBLISHERS:
            self.file(dataset)
        self._write_datasets()

    def __enter__(self) -> Built:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def datasets(self) -> list[str]:
        """Ids of all datasets."""
        return [*PUBLISHERS, *REFERENCE]

    def file(self, dataset: str, at: datetime = FIRST_SNAPSHOT) -> Served:
        """The file of a dataset as of an instant (UTC, naive), written if it is not there yet. KeyError: unknown dataset."""
        with self._lock:
            if (dataset, at) not in self._served:
                self._served[dataset, at] = self._write(dataset, at)
            return self._served[dataset, at]

    def _write(self, dataset: str, at: datetime) -> Served:
        if dataset in REFERENCE:
            return self._tagged(self.files / dataset, CONTENT_TYPES[dataset], FIRST_SNAPSHOT)
        publisher = PUBLISHERS[dataset]
        path = self.files / f"{dataset}.{at:%Y%m%dT%H%M%S}"
        chunks = feed_files(self.work, publisher.feed)
        self.lines[dataset] = write_file(self._con, publisher, chunks, path, at, self.seed)
        if publisher.states:
            self._note_statuses(dataset, at, chunks)
        return self._tagged(path, publisher.content_type, at)

    def _note_statuses(self, dataset: str, at: datetime, chunks: list[Path]) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        for chunk in chunks:
            for region, status, points in status_counts(self._con, PUBLISHERS[dataset], chunk, at, self.seed):
                counts[region, status] += points
        path = self.work / "truth" / "status.csv"
        is_new = not path.exists()
        with path.open("a", encoding="utf-8") as file:
            if is_new:
                file.write("dataset,observed_at,nuts3,status,points\n")
            for (region, status), points in sorted(counts.items()):
                file.write(f"{dataset},{at:%Y-%m-%dT%H:%M:%SZ},{region},{status},{points}\n")

    def _write_datasets(self) -> None:
        rows = {
            row[0]: row[1:]
            for row in self._con.execute(
                "SELECT dataset, count(*), count(*) FILTER (fault <> '' AND NOT is_repeat), count(*) FILTER (is_repeat), "
                "count(*) FILTER (is_copy) FROM truth GROUP BY 1"
            ).fetchall()
        }
        with (self.work / "truth" / "datasets.csv").open("w", encoding="utf-8") as file:
            file.write("dataset,lines,points,faults,repeats,copies\n")
            for dataset in self.datasets():
                points = ",".join(map(str, rows.get(dataset, ("", "", "", ""))))
                file.write(f"{dataset},{self.lines[dataset]},{points}\n")

    def _tagged(self, path: Path, content_type: str, modified: datetime) -> Served:
        with path.open("rb") as file:
            tag = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        return Served(path, content_type, f'"{tag}"', modified)
