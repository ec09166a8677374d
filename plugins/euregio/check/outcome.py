"""What a check found: an outcome per rule, and the refusal of a batch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from euregio.check.suite import Severity
from euregio.errors import BatchRefused


@dataclass(frozen=True)
class RuleOutcome:
    """What a rule found. `evaluated` and `failed` count rows (0 where the rule is on the whole table).

    `observed`: the measured value of a rule on a whole column or table. `message`: why the rule could not be judged.
    """

    reason: str
    title: str
    severity: Severity
    evaluated: int
    failed: int
    success: bool
    observed: Any = None
    message: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The check of one batch: number of `rows`, and an outcome per rule in the suite's order."""

    rows: int
    rules: list[RuleOutcome]

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `outcome.json`."""
        return asdict(self)


def refuse(outcome: Outcome) -> None:
    """Raise BatchRefused, in one line that names every critical rule that failed and by how much, where one did."""
    failed = [rule for rule in outcome.rules if rule.severity == "critical" and not rule.success]
    if failed:
        error = BatchRefused(
            f"{len(failed)} critical {'rule' if len(failed) == 1 else 'rules'} failed: "
            + "; ".join(_how(rule) for rule in failed),
            do="The last good state stays; look at the publisher's file, or at the suite.",
        )
        error.facts["reasons"] = {rule.reason: rule.failed for rule in failed}
        error.facts["titles"] = {rule.reason: rule.title for rule in failed}
        raise error


def _how(rule: RuleOutcome) -> str:
    if rule.message:
        return f"{rule.reason} ({rule.message})"
    if rule.evaluated:
        return f"{rule.reason} ({rule.failed} of {rule.evaluated} rows)"
    return f"{rule.reason} (observed {rule.observed})" if rule.observed is not None else rule.reason


def plain(value: Any) -> Any:
    """An observed value that JSON holds."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool | list):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
