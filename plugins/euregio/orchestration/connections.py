"""Publishers' secrets in a task: the environment, and Airflow's connections, wherever they are kept.

Airflow asks its secrets backend (Vault, a cloud's, a file), then `AIRFLOW_CONN_<ID>`, then its metadata. What it gives
is masked in the task's log besides what the fetch itself masks.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from euregio.extract.fetch.fetched import RetryLater
from euregio.extract.fetch.secrets import from_environment

_FIELDS = ("login", "password", "host", "schema", "port")
#: Shorter values are words of a log too.
_SHORTEST = 4


def secret_of(name: str) -> str | None:
    """The secret `NAME` (environment) or `conn:ID:FIELD` (connection, its extra fields included); None where there is none.

    Raises RetryLater where the secrets backend cannot be asked: its own words are not told, they may hold a secret.
    """
    if not name.startswith("conn:"):
        value = from_environment(name)
    else:
        _, connection, field = name.split(":", 2)
        try:
            value = _field(BaseHook.get_connection(connection), field)
        except AirflowNotFoundException:
            return None
        except Exception as error:
            raise RetryLater(
                "the secrets backend cannot be asked", where=f"connection {connection}", found=type(error).__name__,
                do="Check [secrets] backend of Airflow.",
            ) from None  # fmt: skip
    if value and len(value) >= _SHORTEST:
        mask_secret(value)
    return value


def _field(connection: Any, field: str) -> str | None:
    if field in _FIELDS:
        value = getattr(connection, field)
    else:
        extra = connection.extra
        extra = json.loads(extra) if isinstance(extra, str) and extra.lstrip().startswith("{") else extra or {}
        value = extra.get(field)
    return None if value is None else str(value)
