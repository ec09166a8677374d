"""Kinds of trouble and their words: include/alerts/kinds.yaml, read and validated once."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FILE = PROJECT / "include" / "alerts" / "kinds.yaml"


class Kind(BaseModel):
    """One kind: how grave, how far it reaches, what to say, where to look first and what to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    severity: Literal["critical", "warning", "info"]
    scope: Literal["dataset", "country", "installation"]
    subject: str = Field(min_length=5, max_length=60)
    happened: str = Field(min_length=20)
    look: tuple[str, ...] = ()
    next: tuple[str, ...] = Field(min_length=1)
    letter: bool


class Kinds(BaseModel):
    """All kinds by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: dict[str, Kind]


@functools.cache
def load_kinds(path: Path = FILE) -> dict[str, Kind]:
    """All kinds by name. Raises DeclarationError with file, line and field."""
    return validated(Kinds, read_yaml(path), path).kinds


def kind(name: str) -> Kind:
    """The kind of this name; one that a newer worker names and this file does not know is a `program_error`."""
    known = load_kinds()
    return known.get(name) or known["program_error"]
