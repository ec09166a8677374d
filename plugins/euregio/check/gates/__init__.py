"""Gates: a batch held against the dataset's last release, so that a publisher's accident does not replace good data."""

from __future__ import annotations

from euregio.check.gates.finding import BatchBlocked, Finding, block
from euregio.check.gates.identity import identity_churn
from euregio.check.gates.schema import schema_drift
from euregio.check.gates.volume import volume_anomaly

__all__ = ["BatchBlocked", "Finding", "block", "identity_churn", "schema_drift", "volume_anomaly"]
