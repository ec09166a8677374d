"""How lineage events leave: through OpenLineage's own client, as its standard settings say; never at a run's expense."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

_LOG = logging.getLogger(__name__)
#: Most seconds that a run waits for a lineage server; what is not sent by then is lost, and logged.
WAIT_SECONDS = float(os.environ.get("EUREGIO_LINEAGE_SECONDS") or 3)


def configured() -> bool:
    """Whether the environment names a transport (OPENLINEAGE__TRANSPORT__…, OPENLINEAGE_URL, OPENLINEAGE_CONFIG)."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    return any(os.environ.get(name) for name in named) or any(
        value and name.startswith("OPENLINEAGE__TRANSPORT") for name, value in os.environ.items()
    )


def tell(make: Callable[[], Any]) -> bool:
    """Emit the event that `make` gives, where a transport is configured; whether it left in time. Raises nothing.

    A server that is away, slow or refuses costs a run at most WAIT_SECONDS. Only the class of an error is logged: its
    text may hold an address with a token.
    """
    if not configured():
        return False
    try:
        from openlineage.client import OpenLineageClient

        event = make()
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "openlineage":
            _LOG.warning(
                "lineage is configured, but openlineage-python is not installed (requirements-production.lock)"
            )
        else:
            _LOG.warning("a lineage event could not be made: %s", type(error).__name__)
        return False
    done = threading.Event()

    def work() -> None:
        try:
            client = OpenLineageClient()
            client.emit(event)
            client.close(WAIT_SECONDS)
            done.set()
        except Exception as error:
            _LOG.warning("a lineage event was not sent: %s", type(error).__name__)

    # the client has time-outs for each request and tries again: only a thread bounds them all, for every transport
    thread = threading.Thread(target=work, name="lineage", daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    if thread.is_alive():
        _LOG.warning("a lineage event was not sent within %.0f s", WAIT_SECONDS)
    return done.is_set()
