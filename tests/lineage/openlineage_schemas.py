"""OpenLineage's own schemas, read in place, and ours: an event with all its facets is held against them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from euregio.settings import PROJECT

STANDARDS = Path(os.environ.get("EUREGIO_STANDARDS") or PROJECT.parent / "shared" / "standards") / "openlineage"
OURS = PROJECT / "include" / "schemas" / "openlineage"


class Schemas:
    """All schemas by their $id."""

    def __init__(self) -> None:
        if not (STANDARDS / "OpenLineage.json").is_file():
            pytest.skip(f"OpenLineage's schemas are not at {STANDARDS} (EUREGIO_STANDARDS)")
        from referencing import Registry, Resource

        files = [STANDARDS / "OpenLineage.json", *(STANDARDS / "facets").glob("*.json"), *OURS.glob("*.json")]
        self.all = {one["$id"]: one for one in (json.loads(file.read_text("utf-8")) for file in files)}
        self.registry = Registry().with_resources([(id_, Resource.from_contents(one)) for id_, one in self.all.items()])

    def hold(self, event: dict[str, Any]) -> None:
        """The event is a RunEvent, and each of its facets is what its own `_schemaURL` says. Fails otherwise."""
        self._hold(event, "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent")
        assert event["schemaURL"].startswith("https://openlineage.io/spec/2-0-2/")
        held = 0
        for place in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
            for kind in ("facets", "inputFacets", "outputFacets"):
                for facet in place.get(kind, {}).values():
                    self._hold(facet, facet["_schemaURL"])
                    held += 1
        assert held >= 3

    def _hold(self, content: dict[str, Any], reference: str) -> None:
        from jsonschema import Draft202012Validator

        id_ = reference.partition("#")[0]
        assert id_ in self.all, f"no schema has the id {id_}"
        validator = Draft202012Validator(
            {"$ref": reference}, registry=self.registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
        assert not errors, (reference, errors, content)
