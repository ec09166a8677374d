"""How a simulated publisher misbehaves when it is told to: a mode per dataset, for a number of requests."""

from __future__ import annotations

import threading
from dataclasses import dataclass

#: Modes and what the client sees.
MODES = {
    "normal": "the dataset as it should be",
    "slow": "the answer comes after `seconds` (default 2), and then in small pieces",
    "http_500": "500 with a short text",
    "retry_later": "`status` 503 (default) or 429 with Retry-After of `seconds` (default 1)",
    "truncated": "the connection closes after half of the announced bytes",
    "cut_off": "half of the file, announced as if it were whole",
    "changed_schema": "the first columns or keys have other names",
    "stale": "a status dataset gives its first snapshot again; another its file with the date of a year before, 304 never",
    "html": "200 and a web page in place of the data",
    "empty": "200 and no bytes",
}


@dataclass
class Order:
    """What a dataset does for the next `times` requests (None: until told otherwise)."""

    mode: str
    times: int | None = None
    seconds: float | None = None
    status: int = 503


class Orders:
    """The orders in force by dataset; thread-safe."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._lock = threading.Lock()

    def give(self, dataset: str, order: Order) -> None:
        """Put an order in force. Raises ValueError for an unknown mode or a senseless number."""
        if order.mode not in MODES:
            raise ValueError(f"unknown mode {order.mode!r}; modes are {', '.join(MODES)}")
        if order.times is not None and order.times < 1:
            raise ValueError(f"times must be 1 or more, not {order.times}")
        with self._lock:
            if order.mode == "normal":
                self._orders.pop(dataset, None)
            else:
                self._orders[dataset] = order

    def take(self, dataset: str) -> Order:
        """The order for one request; counts it."""
        with self._lock:
            order = self._orders.get(dataset)
            if order is None:
                return Order("normal")
            if order.times is not None:
                order.times -= 1
                if not order.times:
                    del self._orders[dataset]
            return order


#: What `changed_schema` replaces, in every format at once; the first match of each counts.
RENAMED = (
    (b"Breitengrad;L", b"Lat;L"), (b"coordonneesXY", b"coordonnees"), (b"id_pdc_itinerance", b"pdc_id"),
    (b'"coordinates":', b'"position":'), (b'"EvseID":', b'"EvseIdentifier":'), (b'"EVSEData"', b'"Data"'),
    (b"energyInfrastructureSite", b"chargingSite"), (b'"NUTS_ID"', b'"NUTS_CODE"'), (b",geo,", b",region,"),
)  # fmt: skip


def renamed(body: bytes) -> bytes:
    """The body with other names for columns and keys."""
    for old, new in RENAMED:
        body = body.replace(old, new)
    return body
