"""What is generated from declarations is current, and what it describes keeps to it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from euregio.commands import generated
from euregio.declarations import tables

ROOT = Path(__file__).resolve().parents[2]
STANDARDS = Path(os.environ.get("EUREGIO_STANDARDS") or ROOT.parent / "shared" / "standards")
PLACES = {
    "dataset": "datasets/*/*.yaml",
    "region": "regions/*.yaml",
    "profile": "profiles/*.yaml",
    "corrections": "corrections/*/*.yaml",
}


def test_generated_documents_are_current() -> None:
    assert [str(path) for path in generated.outdated()] == []


@pytest.mark.parametrize("kind", PLACES)
def test_the_declarations_keep_to_the_json_schema_that_editors_get(kind: str) -> None:
    schema = json.loads((ROOT / "include" / "schemas" / f"{kind}.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    found = sorted((ROOT / "include").glob(PLACES[kind]))
    assert found or kind == "corrections"
    for path in found:
        errors = [
            f"{path.name}: {error.json_path}: {error.message}"
            for error in validator(schema).iter_errors(yaml.safe_load(path.read_text()))
        ]
        assert errors == []


def test_the_schema_refuses_what_loading_refuses() -> None:
    schema = json.loads((ROOT / "include" / "schemas" / "dataset.schema.json").read_text())
    good = yaml.safe_load((ROOT / "include/datasets/de/charging__bnetza.yaml").read_text())
    for wrong in (
        {**good, "rythm": "P1D"},
        {**good, "rhythm": "daily"},
        {**good, "release": {"access": "public", "fields": ["x"]}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", sorted(path.stem for path in tables.FOLDER.glob("*.yaml")))
def test_a_tables_contract_is_an_open_data_contract(name: str) -> None:
    path = STANDARDS / "odcs" / "schema" / "odcs-json-schema-v3.1.0.json"
    if not path.is_file():
        pytest.skip("the Open Data Contract Standard's schema is not here (EUREGIO_STANDARDS)")
    schema = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = [
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(tables.load_table(name).contract)
    ]
    assert errors == []
