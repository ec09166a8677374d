"""Pools: at most so many tasks at once at a publisher's host, and at the layer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: Tasks that write into the layer. With a SQLite catalogue one at a time: more only wait for its lock.
LAYER_POOL = "layer"
_DEFAULT_SLOTS = 4


def host_pool(host: str) -> str:
    """Pool of a publisher's host, `host.data.example.org`."""
    return f"host.{host}"


def pools(datasets: Iterable[Any], layer_catalogue: str) -> dict[str, dict[str, Any]]:
    """All pools by name with `slots` and `description`, as `airflow pools import` reads them.

    A host's slots are the fewest `source.max_concurrent` that its datasets declare.
    """
    slots: dict[str, int] = {}
    for dataset in datasets:
        wanted = getattr(dataset.source, "max_concurrent", _DEFAULT_SLOTS)
        slots[dataset.host] = min(wanted, slots.get(dataset.host, wanted))
    found = {
        host_pool(host): {"slots": number, "description": f"Requests at once to {host}", "include_deferred": False}
        for host, number in sorted(slots.items())
    }
    writers = 1 if layer_catalogue.startswith(("sqlite:", "duckdb:")) else 8
    return {LAYER_POOL: {"slots": writers, "description": "Writers into the layer", "include_deferred": False}, **found}


def write_pools(path: Path) -> Path:
    """Write the pools of all declared datasets for `airflow pools import PATH`; gives the path."""
    from euregio.declarations.datasets import load_datasets
    from euregio.settings import Settings

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(pools(load_datasets(), Settings().layer_catalogue), indent=1) + "\n", "utf-8")
    return path


if __name__ == "__main__":
    import sys

    print(write_pools(Path(sys.argv[1] if len(sys.argv) > 1 else "pools.json")))
