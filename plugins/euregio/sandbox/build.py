"""Build the sandbox's files in a work folder: feeds, each publisher's bytes, reference data; snapshots when asked for.

A folder that holds the same already (size, seed, rate, and the sandbox's own code) is used as it is; any other is emptied
of what a sandbox made there before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
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
_MADE = "made.json"


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
        self._con = duckdb.connect(
            config={"memory_limit": "512MB", "threads": "2", "temp_directory": str(work / "spill")}
        )
        self._lock = threading.RLock()
        self._served: dict[tuple[str, datetime], Served] = {}
        #: Lines that each publisher's file has.
        self.lines: dict[str, int] = {}
        made = {"size": size, "seed": seed, "rate": rate, "code": _code()}
        if not self._is_made(made):
            self._make(made)

    def _is_made(self, made: dict[str, object]) -> bool:
        try:
            found = json.loads((self.work / _MADE).read_bytes())
        except (OSError, ValueError):
            return False
        self.lines = found.pop("lines")
        return found == made

    def _make(self, made: dict[str, object]) -> None:
        (self.work / _MADE).unlink(missing_ok=True)
        for folder in ("feeds", "files", "truth"):
            shutil.rmtree(self.work / folder, ignore_errors=True)
        self.files.mkdir(parents=True)
        build_feeds(self._con, self.work, self.size, self.seed, self.rate)
        self.lines = write_reference(self.files)
        feeds = {publisher.feed for publisher in PUBLISHERS.values()}
        write_truth(self._con, self.work, {feed: feed_files(self.work, feed) for feed in feeds})
        for dataset in PUBLISHERS:
            self.file(dataset)
        self._write_datasets()
        (self.work / _MADE).write_text(json.dumps({**made, "lines": self.lines}), encoding="utf-8")

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
        if not path.exists():
            chunks, part = feed_files(self.work, publisher.feed), path.with_name(path.name + ".part")
            self.lines[dataset] = write_file(self._con, publisher, chunks, part, at, self.seed)
            if publisher.states:
                self._note_statuses(dataset, at, chunks)
            os.replace(part, path)
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


def _code() -> str:
    """Hash of the sandbox's own code and tables: other code makes other files."""
    folder, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.glob("*.csv")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
