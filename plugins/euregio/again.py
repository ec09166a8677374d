"""Bytes that are landed already, once more through the steps: under today's rules, or with a person's word."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from euregio import gates, pipeline
from euregio.declarations import datasets
from euregio.declarations.datasets import checked_period
from euregio.errors import EuregioError, ReleaseError
from euregio.pipeline import Batch
from euregio.settings import Settings
from euregio.storage.duck import quoted
from euregio.storage.layer import open_layer


def landed(
    dataset_id: str, period: str | None = None, *, run_id: str | None = None, settings: Settings | None = None
) -> Batch:
    """The landed bytes of a release (the latest where `period` is None), decoded as extract gives them; no network.

    Raises ReleaseError where the dataset (or that period of it) was never released.
    """
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    with open_layer(settings) as con:
        wanted = f" AND period = {quoted(period)}" if period else ""
        found = con.execute(
            "SELECT period, files, CAST(retrieved_at AS VARCHAR) FROM catalogue.release "
            f"WHERE dataset = {quoted(dataset_id)}{wanted} ORDER BY period DESC LIMIT 1"
        ).fetchone()
    if found is None:
        raise ReleaseError("nothing of it was released, so there is nothing to replay", where=dataset_id, found=period)
    period, files, retrieved_at = found[0], found[1], datetime.fromisoformat(found[2]).isoformat(timespec="seconds")
    batch = Batch(dataset_id, period, run_id or pipeline.new_run_id(), "", tuple(files), retrieved_at)
    batch = pipeline.named(batch, dataset, settings, period)
    if batch.unchanged:
        return batch
    return pipeline.decode(batch, dataset, pipeline.zone_of(dataset, settings), settings)


def replay(
    dataset_id: str, period: str | None = None, *, run_id: str | None = None, settings: Settings | None = None
) -> Batch:
    """Today's rules over the landed bytes of a release (the latest where `period` is None), without network.

    Quarantined rows return when the rule that held them is lifted or a correction mends them. Raises ReleaseError
    where the dataset (or that period of it) was never released.
    """
    settings = settings or Settings()
    return pipeline.onward(landed(dataset_id, period, run_id=run_id, settings=settings), settings)


def held(
    dataset_id: str, period: str, word: gates.Acceptance, *, run_id: str | None = None, settings: Settings | None = None
) -> Batch:
    """The batch that a gate holds, with a person's word, as extract gives it: the very bytes that were looked at.

    Raises EuregioError where the zone holds no such batch, or today's rules make another of its bytes.
    """
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    period = checked_period(period, dataset_id)
    zone = pipeline.zone_of(dataset, settings)
    folder = Batch(dataset_id, period, "", word.batch, (), "").folder
    if not zone.exists(f"{folder}/batch.json"):
        raise EuregioError("there is no such batch in the zone", where=f"{dataset_id} {period}", found=word.batch)
    batch = Batch.from_json(json.loads(zone.read_bytes(f"{folder}/batch.json")))
    batch = replace(batch, run_id=run_id or pipeline.new_run_id(), accepted=word)
    batch = pipeline.named(batch, dataset, settings, period)
    if batch.batch_id != word.batch:
        raise EuregioError(
            "the rules have changed since, so this is another batch now", where=f"{dataset_id} {period}", found=batch.batch_id,
            expected=word.batch, do="Run it again: the gates look at it anew.",
        )  # fmt: skip
    return batch if batch.unchanged else pipeline.decode(batch, dataset, zone, settings)


def accept(
    dataset_id: str, period: str, word: gates.Acceptance, *, run_id: str | None = None, settings: Settings | None = None
) -> Batch:
    """Release the batch that a gate holds. Raises EuregioError as `held`, BatchBlocked where another gate holds it too."""
    settings = settings or Settings()
    return pipeline.onward(held(dataset_id, period, word, run_id=run_id, settings=settings), settings)
