"""Volume: far fewer or far more records than in the last release."""

from __future__ import annotations

from euregio.check.gates.finding import Finding, is_beyond_chance
from euregio.declarations.gates import GateLimits


def volume_anomaly(before: int, now: int, limits: GateLimits | None = None) -> list[Finding]:
    """Compare numbers of records: at most one finding, which blocks."""
    limits = limits or GateLimits()
    if not before or not is_beyond_chance(before, abs(now - before)):
        return []
    change = (now - before) / before
    if -limits.fall <= change <= limits.rise:
        return []
    allowed = f"{limits.fall:.0%} fewer" if change < 0 else f"{limits.rise:.0%} more"
    what = f"{now:,} records where the last release had {before:,} ({change:+.0%}; {allowed} would pass)"
    return [Finding("volume", what, True, {"records_before": before, "records_now": now})]
