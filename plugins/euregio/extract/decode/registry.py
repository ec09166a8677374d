"""The formats that can be decoded: one module of this folder each, found by its `FORMAT`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from euregio.errors import DecodeError


@dataclass(frozen=True)
class Format:
    """A wire format: `name` (as users write it), `title`, `table` that its records describe, `record` (what one is)."""

    name: str
    title: str
    table: str
    record: str


def module_of(name: str) -> ModuleType:
    """The decoder's module of a format, `irve-static` in `irve_static.py`. Raises DecodeError for an unknown name."""
    if name not in formats():
        raise DecodeError("unknown format", found=name, expected=", ".join(sorted(formats())))
    return importlib.import_module(f"{__package__}.{name.replace('-', '_')}")


@functools.cache
def formats() -> dict[str, Format]:
    """All formats by name."""
    package = importlib.import_module(__package__)
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        format_ = getattr(importlib.import_module(f"{__package__}.{info.name}"), "FORMAT", None)
        if format_ is not None:
            found[format_.name] = format_
    return dict(sorted(found.items()))
