"""What Airflow is told of this package as a provider: the connection type of the layer, with the fields of its form."""

from __future__ import annotations

from typing import Any

#: How connections and DAGs call the type.
LAYER = "euregio_layer"


def info() -> dict[str, Any]:
    """The provider's information (entry point `apache_airflow_provider`). Every component of Airflow asks for it when it
    starts, so nothing is imported here; Airflow's own schema of it is `airflow/provider_info.schema.json`."""
    return {
        "package-name": "euregio",
        "name": "Euregio",
        "description": "The shared layer of harmonised datasets and indicators.",
        "connection-types": [
            {
                "connection-type": LAYER,
                "hook-name": "Euregio layer",
                "hook-class-name": "euregio.orchestration.layer_hook.LayerHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["extra"],
                    "relabeling": {"host": "PostgreSQL server", "schema": "Database", "login": "Role"},
                    "placeholders": {"port": "5432 (any with a file)", "schema": "layer", "data_path": "s3://layer/data"},
                },
                "conn-fields": {
                    "catalogue": _text("Catalogue file", "sqlite:PATH or duckdb:PATH, where it is no PostgreSQL server"),
                    "data_path": _text("Data path", "Folder or s3://bucket/prefix with the layer's files"),
                    "s3_endpoint": _text("S3 endpoint", "https://…, where the store is not Amazon's"),
                    "s3_region": _text("S3 region", "eu-central-1 where empty"),
                    "s3_key": _text("S3 key id", "A key that may read is enough"),
                    "s3_secret": _text("S3 secret", "Kept encrypted, shown to nobody", format="password"),
                },
            }
        ],
    }  # fmt: skip


def _text(label: str, description: str, **more: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **more}}
