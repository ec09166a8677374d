"""Where this installation keeps its state, and how much of the machine it may take; all from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The folder with include/, expectations/ and dags/: the checkout that this package was installed from.
PROJECT = Path(os.environ.get("EUREGIO_PROJECT") or Path(__file__).resolve().parents[2])


def _home() -> Path:
    return Path(os.environ.get("EUREGIO_HOME") or PROJECT / ".euregio").absolute()


def _env(name: str, default: str) -> str:
    return os.environ.get(name) or default


@dataclass(frozen=True)
class Settings:
    """One installation. Every field has an environment variable, `EUREGIO_` and its name in capitals.

    `zones` and `layer_data` are folders or `s3://bucket/prefix`; `layer_catalogue` is `sqlite:PATH`,
    `duckdb:PATH` or `postgres:CONNECTION STRING`; `journal` is `sqlite:PATH` or `postgres:…`; `memory_limit` (DuckDB's notation) and `threads` bound one process.
    """

    home: Path = field(default_factory=_home)
    profile: str = field(default_factory=lambda: _env("EUREGIO_PROFILE", "sandbox"))
    zones: str = field(default_factory=lambda: _env("EUREGIO_ZONES", str(_home() / "zones")))
    layer_catalogue: str = field(
        default_factory=lambda: _env("EUREGIO_LAYER_CATALOGUE", f"sqlite:{_home() / 'layer' / 'catalogue.sqlite'}")
    )
    layer_data: str = field(default_factory=lambda: _env("EUREGIO_LAYER_DATA", str(_home() / "layer" / "data")))
    journal: str = field(default_factory=lambda: _env("EUREGIO_JOURNAL", f"sqlite:{_home() / 'journal.sqlite'}"))
    memory_limit: str = field(default_factory=lambda: _env("EUREGIO_MEMORY_LIMIT", "512MB"))
    threads: int = field(default_factory=lambda: int(_env("EUREGIO_THREADS", str(min(os.cpu_count() or 2, 4)))))

    @property
    def scratch(self) -> Path:
        """Folder for spilled and half-made files; may be emptied when nothing runs."""
        return self.home / "scratch"

    @property
    def s3_options(self) -> dict[str, str]:
        """Access to the object store: endpoint, region, key and secret, from EUREGIO_S3_* (or AWS_*); never logged."""
        names = {
            "endpoint": ("EUREGIO_S3_ENDPOINT", "AWS_ENDPOINT_URL"),
            "region": ("EUREGIO_S3_REGION", "AWS_REGION"),
            "key": ("EUREGIO_S3_KEY", "AWS_ACCESS_KEY_ID"),
            "secret": ("EUREGIO_S3_SECRET", "AWS_SECRET_ACCESS_KEY"),
        }
        found = {key: next((os.environ[n] for n in wanted if os.environ.get(n)), "") for key, wanted in names.items()}
        return {key: value for key, value in found.items() if value}

    @property
    def s3fs_options(self) -> dict[str, Any]:
        """The same as s3fs takes it."""
        names = self.s3_options
        client = {"region_name": names.get("region"), "endpoint_url": names.get("endpoint")}
        return {
            "key": names.get("key"),
            "secret": names.get("secret"),
            "client_kwargs": {name: value for name, value in client.items() if value},
        }
