"""Border regions and their sides: one file each in `include/regions/`, read and validated once."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from euregio.declarations.yaml_file import read_yaml, shown, validated
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "regions"
#: What the column side_id of indicators.value says for all sides together; no side may take the name.
WHOLE = "whole"

_NUTS3 = re.compile(r"[A-Z]{2}[A-Z0-9]{3}")
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Side(_Declared):
    """One side of a border region. `nuts3` are the members that count, `partial` those of which only a part belongs:
    they are named and shown, and left out of every value, since a share of them is not known."""

    id: str
    label: dict[str, str] = Field(description="Name of the side by language; English is required.")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code.")
    nuts3: tuple[str, ...] = Field(min_length=1, description="NUTS level 3 codes that belong wholly.")
    partial: tuple[str, ...] = Field(default=(), description="NUTS level 3 codes of which a part belongs: left out.")

    @field_validator("id")
    @classmethod
    def _id_is_a_name(cls, value: str) -> str:
        return _name(value)

    @field_validator("label")
    @classmethod
    def _label_is_english_too(cls, value: dict[str, str]) -> dict[str, str]:
        return _in_english(value)

    @field_validator("nuts3", "partial")
    @classmethod
    def _codes_are_nuts3(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not _NUTS3.fullmatch(code):
                raise ValueError(f"{code!r} is not a NUTS level 3 code (two letters, three letters or digits)")
        return value

    def name(self, language: str = "en") -> str:
        """The side's label in `language`, in English where there is none."""
        return self.label.get(language) or self.label["en"]


class Region(_Declared):
    """A border region with two or more sides."""

    id: str
    title: dict[str, str] = Field(description="Name by language; English is required.")
    reference: str = Field(description="Where the membership is described.")
    nuts_version: int = Field(ge=2013, le=2100, description="NUTS version that the codes are written in.")
    sure: float = Field(ge=0, le=1, description="How sure the membership is, 0 to 1.")
    note: str | None = None
    sides: tuple[Side, ...] = Field(min_length=2)

    @field_validator("id")
    @classmethod
    def _id_is_a_name(cls, value: str) -> str:
        return _name(value)

    @field_validator("title")
    @classmethod
    def _title_is_english_too(cls, value: dict[str, str]) -> dict[str, str]:
        return _in_english(value)

    @model_validator(mode="after")
    def _members_are_named_once(self) -> Region:
        ids = [side.id for side in self.sides]
        codes = [code for side in self.sides for code in (*side.nuts3, *side.partial)]
        for what, values in (("side", ids), ("NUTS code", codes)):
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"{what} named twice: {', '.join(twice)}")
        return self

    def name(self, language: str = "en") -> str:
        """The region's title in `language`, in English where there is none."""
        return self.title.get(language) or self.title["en"]

    def side(self, side_id: str) -> Side:
        """The side with this id. Raises DeclarationError where there is none."""
        for side in self.sides:
            if side.id == side_id:
                return side
        raise DeclarationError(
            "no such side", where=self.id, found=side_id, expected=", ".join(s.id for s in self.sides)
        )


def load_regions(folder: Path = FOLDER) -> dict[str, Region]:
    """All regions by id, in the order of their files. Raises DeclarationError with file, line and field."""
    return {region.id: region for region in (_load(path) for path in sorted(folder.glob("*.yaml")))}


def load_region(region_id: str, folder: Path = FOLDER) -> Region:
    """One region. Raises DeclarationError where there is no such file or it is wrong."""
    path = folder / f"{region_id}.yaml"
    if not _ID.fullmatch(region_id) or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise DeclarationError("no such region", found=region_id, expected=known)
    return _load(path)


@functools.cache
def _load(path: Path) -> Region:
    region = validated(Region, read_yaml(path), path)
    if region.id != path.stem:
        raise DeclarationError(
            "the id is not the file's name", where=f"{shown(path)}, field id", found=region.id, expected=path.stem
        )
    return region


def _name(value: str) -> str:
    if not _ID.fullmatch(value) or value == WHOLE:
        raise ValueError(f"{value!r} is not a name: lower-case words joined by hyphens, and not {WHOLE!r}")
    return value


def _in_english(value: dict[str, str]) -> dict[str, str]:
    if not (value.get("en") or "").strip():
        raise ValueError("the English text `en` is missing")
    return value
