"""What this process has moved, in bytes: counted where it happens, read by whoever runs a step of a pipeline."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal

#: `fetched`: of files as a publisher sent them over HTTP; `landed`: of those, new in the zone; `zone`: all that was put
#: into zones; `layer`: files that a release left in the layer.
What = Literal["fetched", "landed", "zone", "layer"]
_LOCK = threading.Lock()
_MOVED: Counter[str] = Counter()


def moved(what: What, size_bytes: int) -> None:
    """Count bytes that were moved."""
    with _LOCK:
        _MOVED[what] += size_bytes


def so_far() -> dict[str, int]:
    """Bytes since this process began; the difference of two looks is what was moved between them."""
    with _LOCK:
        return {what: _MOVED[what] for what in ("fetched", "landed", "zone", "layer")}
