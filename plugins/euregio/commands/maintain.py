"""`euregio maintain`, the task of the maintenance DAG, and `euregio upgrade`: what was done, for a person to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from euregio.commands.changes import computed_anew
from euregio.declarations.datasets import load_datasets
from euregio.errors import EuregioError
from euregio.pipeline import zone_of
from euregio.release.withdraw import withdraw
from euregio.settings import Settings
from euregio.storage.evolve import due
from euregio.storage.layer import alone, open_layer
from euregio.storage.zones import remove_older
from euregio.upkeep.layer import keep_in_order
from euregio.upkeep.zones import sweep_zone

#: Snapshots that nothing cites stay this long: for a look at yesterday's layer.
SNAPSHOTS_FOR = timedelta(days=30)


def maintain(settings: Settings | None = None, at: datetime | None = None) -> dict[str, Any]:
    """Keep the layer, every zone that this machine reaches, and the scratch folder in order; gives what was done.

    What crossed under a policy of before and may not under today's leaves the layer first (`policy.withdrawn`), and the
    indicators that read it are computed anew. A zone that cannot be reached is named in `unreached`; the others are kept
    all the same. Datasets in the layer that nobody declares any more are named in `policy.undeclared`, and stay.
    """
    settings, at = settings or Settings(), at or datetime.now(UTC)
    datasets = load_datasets()
    with open_layer(settings, read_only=False) as con:
        withdrawn, lines, unclear = set[str](), list[str](), list[str]()
        for dataset in datasets:
            try:
                with alone(con, settings, dataset.id):
                    gone = withdraw(con, dataset)
            except (
                EuregioError
            ) as error:  # a policy that cannot be understood lets nothing cross, and is told by its own run
                unclear.append(str(error))
                continue
            withdrawn |= gone.tables
            lines += gone.lines
        layer = keep_in_order(con, datasets, at, snapshots_for=SNAPSHOTS_FOR)
        released = con.execute("SELECT DISTINCT dataset, batch_id, files FROM catalogue.release").fetchall()
    computed = computed_anew(withdrawn, settings) if withdrawn else []
    zones: dict[str, Any] = {}
    unreached: list[str] = []
    for dataset in datasets:
        batches = {batch for name, batch, _ in released if name == dataset.id}
        files = {file for name, _, landed in released if name == dataset.id for file in landed or ()}
        try:
            swept = sweep_zone(zone_of(dataset, settings), at, keep=dataset.keep_span, released=batches, files=files)
        except EuregioError as error:
            unreached.append(f"{dataset.id}: {error}")
            continue
        if any(swept.to_json().values()):
            zones[dataset.id] = swept.to_json()
    scratch = remove_older(settings.scratch, 86_400)
    return {
        "layer": layer.to_json(), "zones": zones, "unreached": unreached, "scratch_files": scratch,
        "policy": {
            "withdrawn": lines, "unclear": unclear, "computed": computed,
            "undeclared": sorted({name for name, _, _ in released} - {dataset.id for dataset in datasets}),
        },
    }  # fmt: skip


def upgrade(*, widen: bool = False, dry_run: bool = False, settings: Settings | None = None) -> list[str]:
    """Bring the layer up to this release's contracts; gives the statements that were run, or would be (`dry_run`).

    Any writer does the same when it opens the layer; done first, no reader meets tables of before. Raises EuregioError
    for a column whose type would change (`widen` lets it become wider).
    """
    settings = settings or Settings()
    with open_layer(settings) as con:
        statements = due(con, widen=widen)
    if not statements:
        return ["The layer is up to its contracts."]
    if not dry_run:
        with open_layer(settings, read_only=False, widen=widen):
            pass
    return statements
