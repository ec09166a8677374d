"""What is generated from declarations: JSON Schemas for editors, and the data dictionary for analysts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from euregio.declarations.alerts import Alerts
from euregio.declarations.corrections import Corrections
from euregio.declarations.datasets import Dataset
from euregio.declarations.prices import Prices
from euregio.declarations.profiles import Profile
from euregio.declarations.regions import Region
from euregio.declarations.roles import Roles
from euregio.declarations.tables import columns_of, load_tables
from euregio.declarations.views import load_views
from euregio.settings import PROJECT

SCHEMAS: dict[str, type[BaseModel]] = {
    "dataset": Dataset,
    "region": Region,
    "profile": Profile,
    "corrections": Corrections,
    "alerts": Alerts,
    "prices": Prices,
    "roles": Roles,
}
_PLACED = ("id", "country", "theme")  # facts of a dataset that its file's place gives


def documents() -> dict[Path, str]:
    """The documents that declarations give: path in the project, and what should be there."""
    found = {
        PROJECT / "include" / "schemas" / f"{name}.schema.json": json.dumps(_schema(name), indent=2, ensure_ascii=False)
        + "\n"
        for name in SCHEMAS
    }
    found[PROJECT / "docs" / "data-dictionary.md"] = _dictionary()
    return found


def _schema(name: str) -> dict[str, Any]:
    schema = SCHEMAS[name].model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    if name == "dataset":
        for placed in _PLACED:
            schema["properties"].pop(placed, None)
    return schema


def _dictionary() -> str:
    lines = [
        "# Data dictionary",
        "",
        "Made from the tables' contracts (`include/tables/`) by `make docs`; the same texts are the comments in the layer.",
    ]
    lines += ["", "## Views", "", "What people count over. A view has the columns of its table.", ""]
    lines += ["| view | table | what |", "|---|---|---|"]
    lines += [f"| `{view.place}` | `{view.table}` | {view.description} |" for view in load_views()]
    for table in sorted(load_tables().values(), key=lambda table: table.place):
        lines += [
            "",
            f"## {table.place}",
            "",
            f"{table.description} Grain: {table.grain}. Version {table.version}.",
            "",
        ]
        limits = " ".join(table.contract["description"].get("limitations", "").split())
        if limits:
            lines += [f"*{limits}*", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for column, (type_, meaning) in columns_of(table).items():
            lines.append(f"| `{column}` | {type_} | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"
