"""The news that DAGs hear of: one asset for what one dataset gives to one table, one for a use case's indicators."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from airflow.sdk import Asset

from euregio.declarations.yaml_file import shown
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

SQL = PROJECT / "include" / "sql"
INDICATORS = SQL / "indicators"
#: The table whose rows include/sql/derive takes apart.
_DERIVED_FROM = "recharging_point"
_CORE_TABLE = re.compile(r"core\.(?:current_|published_)?([a-z][a-z0-9_]*)", re.IGNORECASE)
_HEADER = re.compile(r"\A\s*/\*---\n(.*?)---\*/", re.DOTALL)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table_asset(table: str, dataset_id: str) -> Asset:
    """What `dataset_id` gives to the table, `core.recharging_point/nl.charging__dotnl`.

    The name has no scheme on purpose: for one with a scheme Airflow loads all its providers while a DAG is parsed.
    """
    return Asset(f"core.{table}/{dataset_id}", group="dataset", extra={"page": page_path(dataset_id)})


def page_path(dataset_id: str, run_id: str | None = None) -> str:
    """Path of a dataset's page on Airflow's own host, or of a run's report. No host: an asset's facts are part of its DAG,
    and a new address would make a new version of each."""
    return f"/euregio/datasets/{quote(dataset_id, safe='')}" + (f"/runs/{quote(run_id, safe='')}" if run_id else "")


def use_case_asset(use_case: str) -> Asset:
    """The published indicators of a use case."""
    return Asset(f"indicators.value/{use_case}", group="use-case", extra={"page": "/euregio/atlas/"})


def use_cases(folder: Path = INDICATORS) -> list[str]:
    """Names of the use cases: the folders below include/sql/indicators that hold an indicator."""
    return sorted({path.parent.name for path in folder.glob("*/*.sql")})


@functools.cache
def tables_read(use_case: str, folder: Path = INDICATORS) -> frozenset[str]:
    """Tables of the schema `core` that the use case reads, as its indicators' headers declare (`inputs:`).

    News of these concern it. A view of the layer over a table (`core.current_…`, `core.published_…`) stands for the
    table. Raises DeclarationError for a header that is not YAML.
    """
    inputs = (name for path in sorted((folder / use_case).glob("*.sql")) for name in _inputs(path))
    return frozenset(match[1].lower() for name in inputs if (match := _CORE_TABLE.fullmatch(name)))


def _inputs(path: Path) -> list[str]:
    header = _HEADER.search(path.read_text("utf-8"))
    if header is None:
        return []
    try:
        content = yaml.load(header[1], Loader=_Loader)
    except yaml.YAMLError as error:
        raise DeclarationError("the header is not YAML", where=shown(path), found=str(error)) from error
    return [str(name) for name in (content.get("inputs") or [] if isinstance(content, dict) else [])]


def tables_of(dataset: Any) -> tuple[str, ...]:
    """Tables that a dataset feeds, in a steady order: those of its format, and those derived from them."""
    return _tables_of_format(dataset.format)


@functools.cache
def _tables_of_format(name: str, folder: Path = SQL) -> tuple[str, ...]:
    """Tables with a harmonising SQL for the format, then what include/sql/derive makes of recharging points.

    Read from the folders' names: importing the decoders would cost seconds wherever a DAG file is parsed.
    """
    own = sorted(path.parent.name for path in folder.glob(f"harmonise/*/{name}.sql"))
    derived = sorted(path.stem for path in folder.glob("derive/*.sql")) if _DERIVED_FROM in own else []
    return tuple(dict.fromkeys([*own, *derived]))
