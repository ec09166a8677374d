"""Facets of our own beside OpenLineage's: what became of the rows, what the policy let across, which run, which problem.

Their JSON Schemas stand in include/schemas/openlineage/, a file for each class, of the same name. A changed facet gets a
new version in `VERSION` and in its schema's $id. This module needs the package openlineage-python.
"""

from __future__ import annotations

import attr
from openlineage.client.generated.base import DatasetFacet, OutputDatasetFacet, RunFacet
from openlineage.client.utils import RedactMixin

#: Where a facet's schema is named; the project has no public address, so the name is one and no place.
SCHEMAS = "urn:euregio:openlineage"
VERSION = "1-0-0"


def schema_name(facet: str) -> str:
    """The `_schemaURL` of a facet of ours by the name of its class."""
    return f"{SCHEMAS}:{VERSION}:{facet}.json#/$defs/{facet}"


@attr.define
class Reason(RedactMixin):
    """Rows that were kept back for one reason."""

    reason: str
    rows: int


@attr.define
class EuregioVerdictsOutputDatasetFacet(OutputDatasetFacet):
    """What became of the rows that a run had for a table: rowsIn = admitted + corrected + quarantined.

    `released` rows crossed, `withheld` sound ones did not; a row with two reasons counts under both.
    """

    rowsIn: int
    admitted: int
    corrected: int
    quarantined: int
    withheld: int
    released: int
    reasons: list[Reason] = attr.field(factory=list)

    @staticmethod
    def _get_schema() -> str:
        return schema_name("EuregioVerdictsOutputDatasetFacet")


@attr.define
class EuregioPolicyDatasetFacet(DatasetFacet):
    """Under which terms rows of a table crossed: access class, licence, grain, columns. `barrier`: why none did."""

    accessClass: str
    publisher: str
    licence: str | None = None
    licenceUrl: str | None = None
    attribution: str | None = None
    grain: str | None = None
    rowCondition: str | None = None
    columnsCrossed: list[str] = attr.field(factory=list)
    columnsWithheld: list[str] = attr.field(factory=list)
    barrier: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return schema_name("EuregioPolicyDatasetFacet")


@attr.define
class EuregioRunFacet(RunFacet):
    """Names that lead from the event into Euregio. `unchanged`: the publisher's bytes were those of the release in force.

    `values` and `withheldValues` are what a use case computed, and what of it is withheld with a reason.
    """

    job: str
    runId: str
    period: str | None = None
    batch: str | None = None
    snapshot: int | None = None
    unchanged: bool | None = None
    values: int | None = None
    withheldValues: int | None = None

    @staticmethod
    def _get_schema() -> str:
        return schema_name("EuregioRunFacet")


@attr.define
class EuregioProblemRunFacet(RunFacet):
    """Why a run failed: the kind of include/alerts/kinds.yaml, the step, and failing rules with their counts."""

    kind: str
    step: str | None = None
    reasons: list[Reason] = attr.field(factory=list)

    @staticmethod
    def _get_schema() -> str:
        return schema_name("EuregioProblemRunFacet")
