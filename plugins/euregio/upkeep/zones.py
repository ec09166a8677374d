"""Upkeep of a zone: batches and bytes that no release stands on go after their dataset's time; half-made files go."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from euregio.storage.zones import Zone

#: A batch that no release stands on (it failed, is held, or was replaced) is of use for a while: for a letter, a replay.
UNRELEASED_FOR = timedelta(days=30)


@dataclass
class Swept:
    """What was removed: batches (with their quarantine), landed files, half-made files."""

    batches: int = 0
    landed: int = 0
    half_made: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def sweep_zone(
    zone: Zone, at: datetime, *, keep: timedelta | None, released: Collection[str], files: Collection[str]
) -> Swept:
    """Let go what no release stands on. `released` are the batches and `files` the landed files (SHA-256) of releases.

    A batch goes when it is older than UNRELEASED_FOR, a landed file when it is older than `keep` and no batch that stays
    was made of it; where the dataset declares no `keep`, landed bytes stay for ever.
    """
    swept, needed = Swept(), set(files)
    folders: dict[str, datetime | None] = {}
    for place in zone.list("batches"):
        folder, _, name = place.rpartition("/")
        if name == "batch.json":
            batch = json.loads(zone.read_bytes(place))
            folders[folder] = datetime.fromisoformat(batch["retrieved_at"])
            if batch["batch_id"] in released or folders[folder] >= at - UNRELEASED_FOR:  # type: ignore[operator]  # set above
                needed |= set(batch["files"])
    for folder, retrieved_at in folders.items():
        if folder.rpartition("/")[2] not in released and retrieved_at and retrieved_at < at - UNRELEASED_FOR:
            zone.delete(folder)
            swept.batches += 1
    if keep is not None:
        for place in zone.list("landing"):
            sha256, _, ending = place.removeprefix("landing/").partition(".")
            if ending != "json" or sha256 in needed or len(sha256) != 64:
                continue
            if datetime.fromisoformat(json.loads(zone.read_bytes(place))["fetched_at"]) < at - keep:
                zone.delete(f"landing/{sha256}")
                zone.delete(place)
                swept.landed += 1
    swept.half_made = zone.sweep()
    return swept
