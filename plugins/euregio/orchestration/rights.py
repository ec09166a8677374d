"""Rights of our own beside Airflow's: to accept what a gate holds, and to see rows that were kept back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

_LOG = logging.getLogger(__name__)
Method = Literal["GET", "PUT"]


@dataclass(frozen=True)
class Right:
    """A right as auth managers know it: a method on a resource of a name of ours (include/roles.yaml)."""

    resource: str
    method: Method


#: Releases what a gate holds. Asked besides the right to start runs of the dataset's DAG.
ACCEPT = Right("Euregio Acceptance", "PUT")
#: Shows rows that were kept back, where the dataset's policy lets them be shown at all.
KEPT_ROWS = Right("Euregio Kept Rows", "GET")


def has(manager: Any, user: Any, right: Right) -> bool:
    """Whether the user has the right. An auth manager that does not know it, or fails, says no.

    The simple auth manager lets each that may look have every right of others, so its roles are asked: `op` accepts,
    `user` sees rows, `viewer` neither.
    """
    try:
        if isinstance(manager, SimpleAuthManager):
            if right == ACCEPT:
                return bool(manager.is_authorized_configuration(method="PUT", user=user))
            return bool(manager.is_authorized_dag(method="PUT", user=user))
        return bool(manager.is_authorized_custom_view(method=right.method, resource_name=right.resource, user=user))
    except Exception:
        _LOG.warning("the auth manager cannot say who may: %s on %s", right.method, right.resource, exc_info=True)
        return False
