"""The metadata of this checkout's package, as its installer writes them: where an older one is installed, Airflow finds the new."""

from __future__ import annotations

import os
import zipfile
from contextlib import chdir
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_metadata(folder: Path) -> Path:
    """Write `<folder>/euregio-….dist-info` by the build back-end that pyproject.toml names; gives `folder`, for PYTHONPATH."""
    from hatchling.build import build_editable

    with chdir(ROOT):
        wheel = folder / build_editable(os.fspath(folder))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if ".dist-info/" in name])
    wheel.unlink()
    return folder
