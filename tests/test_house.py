"""The house keeps its plan: floors, names, sizes, units."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from euregio.declarations.tables import load_tables

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugins" / "euregio"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

#: Floor of each room; a room may import its own floor only where it is the same room, and any floor below.
FLOORS = {
    "errors": 0, "settings": 0, "declarations": 1, "storage": 2,
    "extract": 3, "check": 3, "harmonise": 3, "release": 3,
    "indicators": 4, "publish": 5, "alerts": 5,  # publish tells what indicators declare and computed
    "stages": 5, "gates": 5, "pipeline": 6, "use_case": 7, "again": 7,
    "changes": 7, "upkeep": 7, "lineage": 7, "pages": 8, "commands": 8, "orchestration": 9, "cli_operation": 10, "cli": 11,
    "sandbox": -1,
}  # fmt: skip


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "euregio":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("euregio.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_arrow_runs_up_the_floors_or_sideways(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    assert own in FLOORS, f"{own} has no floor: give it one here and in docs/architecture.md"
    for other in imports(path) - {own, "__version__"}:
        if own == "sandbox":
            assert FLOORS[other] <= 2, f"sandbox stands apart, it imports {other}"
        else:
            assert other != "sandbox" or own in ("cli", "commands", "orchestration"), f"{own} imports the sandbox"
            assert FLOORS[other] < FLOORS[own], f"{own} (floor {FLOORS[own]}) imports {other} (floor {FLOORS[other]})"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_on_a_few_screens_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), "the first line says what a module is for"


def test_airflow_is_imported_in_its_own_room_only() -> None:
    for path in MODULES:
        if room(path) != "orchestration":
            assert not re.search(r"^\s*(from|import) airflow", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_no_country_code_stands_in_python_outside_the_sandbox() -> None:
    # those with a dialling code there, Europe's: beyond them ID, IN and AS are words
    lines = (ROOT / "include/codes/country.csv").read_text().splitlines()
    codes = "|".join(line[:2] for line in lines if ",+" in line)
    assert codes.count("|") > 40
    literal = re.compile(rf"['\"]({codes})['\"]")
    for path in [*MODULES, *(ROOT / "dags").glob("*.py")]:
        if room(path) != "sandbox" if path.is_relative_to(PACKAGE) else True:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                assert not literal.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


#: Columns whose numbers have no unit, each with the reason.
UNITLESS = {
    "nuts_level": "a level", "connector_no": "a place in a list", "component_no": "a place in a list",
    "reference_year": "a year", "snapshot_id": "a name", "value": "its unit is in the column unit",
    "n": "a count of rows", "coverage": "a share", "confidence": "a share", "price_amount": "in currency_code per price_per",
}  # fmt: skip
UNIT = re.compile(r"_(kw|kwh|v|a|m|km|km2|deg|count|pct|share|eur|min|s|h|days|bytes)$")


def test_every_numeric_column_carries_its_unit() -> None:
    for table in load_tables().values():
        for column in table.columns:
            if re.match(r"DOUBLE|INTEGER|BIGINT|DECIMAL|FLOAT", column.type) and not column.type.endswith("[]"):
                assert column.name in UNITLESS or UNIT.search(column.name), f"{table.place}.{column.name}"


def test_instants_are_held_with_a_zone() -> None:
    for table in load_tables().values():
        for column in table.columns:
            assert column.type != "TIMESTAMP", f"{table.place}.{column.name}"


def test_public_functions_say_what_they_do() -> None:
    for path in MODULES:
        # the compiled expectation types are functions that Great Expectations' own names document
        if room(path) == "sandbox" or (path.name in ("rows.py", "metrics.py", "text.py") and room(path) == "check"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.relative_to(ROOT)}: {node.name}"


def test_a_dataset_in_a_known_format_is_one_short_file() -> None:
    for path in (ROOT / "include/datasets").glob("*/*.yaml"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 35, path
