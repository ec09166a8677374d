"""What runs took, and what that cost by the declared prices. What was not measured is not known; it is never zero."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from euregio.declarations.prices import Prices, load_prices
from euregio.errors import EuregioError
from euregio.pages.models import Cost, RunState, Used

_LOG = logging.getLogger(__name__)
_SUMMED = ("duration_s", "processor_s", "fetched_bytes", "landed_bytes", "zone_bytes", "layer_bytes")
#: A billion: prices are for 10^9 bytes.
_GB = 1e9


def of_steps(steps: Sequence[Used]) -> Used | None:
    """What a run took of what its steps took; None where none was measured. `rows_count` is the last step's."""
    measured = [step for step in steps if step.processor_s is not None]
    if not steps or not measured:
        return None
    found: dict[str, Any] = {name: _sum(getattr(step, name) for step in steps) for name in _SUMMED}
    peak = max((step.peak_memory_bytes for step in measured if step.peak_memory_bytes is not None), default=None)
    rows = next((step.rows_count for step in reversed(measured) if step.rows_count is not None), None)
    return Used(peak_memory_bytes=peak, rows_count=rows, **found)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def cost(used: Used | None, country: str) -> Cost | None:
    """What it cost, by `include/prices.yaml`. None where no price is known for the country or nothing was measured.

    A part is resource times price: processor seconds / 3600, bytes / 10^9.
    """
    prices, _ = _prices()
    mine = prices.of(country)
    if used is None or not mine.known:
        return None
    kept = _sum((used.zone_bytes, used.layer_bytes))
    processor = _times(used.processor_s, mine.core_hour, 3600)
    transfer = _times(used.fetched_bytes, mine.gb_transferred, _GB)
    parts = [
        part for part, price in ((processor, mine.core_hour), (transfer, mine.gb_transferred)) if price is not None
    ]
    names = {"processor": mine.core_hour, "transfer": mine.gb_transferred, "storage": mine.gb_month}
    return Cost(
        currency=prices.currency or "", source=prices.source or "", processor=processor, transfer=transfer,
        total=None if not parts or None in parts else sum(part for part in parts if part is not None),
        stored_a_month=_times(kept, mine.gb_month, _GB), without_price=[name for name, price in names.items() if price is None],
    )  # fmt: skip


def why_no_cost(country: str) -> str | None:
    """Why nothing can be said of cost in a country; None where it can."""
    prices, wrong = _prices()
    if wrong:
        return "The prices cannot be read: run `euregio check`. Only resources are shown."
    return None if prices.of(country).known else "No price is declared (include/prices.yaml): only resources are shown."


def priced(runs: Sequence[RunState], country: str) -> list[RunState]:
    """The runs with what they cost."""
    return [run.model_copy(update={"cost": cost(run.used, country)}) for run in runs]


def _times(amount: float | None, price: float | None, unit: float) -> float | None:
    return None if amount is None or price is None else amount / unit * price


def _prices() -> tuple[Prices, bool]:
    """The declared prices, and whether the file is wrong: a page goes without them."""
    try:
        return load_prices(), False
    except EuregioError:
        _LOG.warning("the prices cannot be read", exc_info=True)
        return Prices.model_validate({}), True
