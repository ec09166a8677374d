"""Corrections of publishers' mistakes, `include/corrections/<cc>/<dataset>.yaml`: what, from, to, why, and a guard."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "corrections"
Value = str | float | int | bool | None


class Correction(BaseModel):
    """One mistake: rows where all of `match` holds get the values of `set`, while all of `expect` still holds.

    When matching rows no longer show what `expect` says, the publisher has changed them: the correction is left out
    and reported, so that someone takes it away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="Name of the correction, unique in its file")]
    match: Annotated[
        dict[str, Value], Field(min_length=1, description="Columns of the harmonised row and their values")
    ]
    set: Annotated[dict[str, Value], Field(min_length=1, description="Columns and their right values")]
    expect: Annotated[
        dict[str, Value], Field(min_length=1, description="Columns and the wrong values that the publisher gives")
    ]
    why: Annotated[str, Field(min_length=10, description="How the right value is known")]
    reported: Annotated[str | None, Field(default=None, description="When and how the publisher was told")]


class Corrections(BaseModel):
    """The corrections of one dataset, for one table."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    table: Annotated[str, Field(description="Table whose rows are corrected")]
    corrections: tuple[Correction, ...]


def corrections_of(dataset_id: str, table: str) -> tuple[Correction, ...]:
    """The declared corrections of a dataset's table; none where there is no file. Raises DeclarationError."""
    country, _, name = dataset_id.partition(".")
    path = FOLDER / country / f"{name}.yaml"
    if not path.is_file():
        return ()
    declared = validated(Corrections, read_yaml(path), path)
    return declared.corrections if declared.table == table else ()
