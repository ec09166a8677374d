"""Datasets: what one publisher offers, one file `include/datasets/<cc>/<theme>__<publisher>.yaml`."""

from __future__ import annotations

import contextlib
import functools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from euregio.declarations import rhythm as rhythm_of
from euregio.declarations.gates import GateLimits
from euregio.declarations.service import Service
from euregio.declarations.source import SourceSpec
from euregio.declarations.yaml_file import read_yaml, shown, validated
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "datasets"
_FILE = re.compile(r"(?P<country>[a-z]{2})/(?P<theme>[a-z][a-z0-9_]*?)__(?P<publisher>[a-z0-9_]+)\.yaml")
#: The journal, pools and file systems hold no longer ones.
_LONGEST_NAME = 100


class Licence(BaseModel):
    """Under which terms the publisher lets the data be used: an SPDX id where there is one, and where it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-+]+$", description="SPDX id, or a short name of our own")]
    url: Annotated[str | None, Field(default=None, description="Where the licence or the statement stands")]
    sure: Annotated[str | None, Field(default=None, description="How sure this is, and what to check")]


class Release(BaseModel):
    """What may cross into the shared layer. What is not named stays in the zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    access: Annotated[
        Literal["open", "partner", "operational", "critical"],
        Field(description="Access class. Only open data crosses without an agreement"),
    ]
    fields: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="Columns, or tags of columns in the tables' contracts, that may cross"),
    ]
    rows: Annotated[
        str | None,
        Field(default=None, description="SQL condition over the row's columns; others stay. All rows where absent"),
    ]
    grain: Annotated[
        Literal["point", "nuts3"],
        Field(default="point", description="nuts3: places finer than the region stay, and ids are replaced"),
    ]


class Dataset(BaseModel):
    """One declared dataset. `id`, `country`, `theme` and `name` come from the place of its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: Annotated[str, Field(min_length=3, description="What it is, in English")]
    publisher: Annotated[str, Field(min_length=2, description="Who publishes it")]
    homepage: Annotated[str | None, Field(default=None, description="Where people read about it")]
    format: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="Wire format: `euregio formats` lists them")]
    rhythm: Annotated[
        str,
        Field(
            json_schema_extra={"pattern": rhythm_of.PATTERN},
            description=f"How often it changes, an ISO 8601 duration whose periods fall evenly: {rhythm_of.EVEN}",
        ),
    ]
    time_zone: Annotated[
        str | None,
        Field(default=None, description="IANA zone of instants without an offset; none may occur where absent"),
    ]
    source: Annotated[SourceSpec, Field(description="Where the bytes come from")]
    licence: Annotated[Licence | None, Field(default=None, description="Without a licence nothing crosses")]
    attribution: Annotated[str | None, Field(default=None, description="Credit line as the licence asks")]
    owner: Annotated[
        str, Field(default="data engineering", min_length=1, max_length=120, description="Who is asked when it breaks")
    ]
    # left out of the batch's name: a longer grace is no reason to release everything anew
    service: Annotated[
        Service,
        Field(default_factory=Service, exclude=True, description="When silence is trouble, and when it is none"),
    ]
    release: Annotated[Release | None, Field(default=None, description="What may cross. Nothing crosses where absent")]
    gates: Annotated[
        GateLimits,
        Field(
            default=GateLimits(), exclude=True, description="What may change against the last release without a person"
        ),
    ] = GateLimits()
    keep: Annotated[
        str | None,
        Field(
            default=None, exclude=True, pattern=r"^P[1-9][0-9]{0,4}D$",
            description="How long its periods and bytes are kept, in days (P35D); for ever where absent",
        ),
    ] = None  # fmt: skip
    notes: Annotated[str, Field(default="", description="What to know, and how to repair")]
    id: Annotated[str, Field(default="", exclude=True)] = ""
    country: Annotated[str, Field(default="", exclude=True)] = ""
    theme: Annotated[str, Field(default="", exclude=True)] = ""

    @field_validator("format")
    @classmethod
    def _format_is_known(cls, value: str) -> str:
        known = sorted({path.stem for path in (PROJECT / "include" / "sql" / "harmonise").glob("*/*.sql")})
        if value not in known:
            raise ValueError(f"no such format; expected one of {', '.join(known)}")
        return value

    @field_validator("rhythm")
    @classmethod
    def _even_rhythm(cls, value: str) -> str:
        rhythm_of.parts_of(value)
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError("not a time zone of the IANA list (such as Europe/Berlin)") from error
        return value

    @property
    def country_code(self) -> str | None:
        """ISO code of the country, or None for European datasets (folder `eu`)."""
        return None if self.country == "eu" else self.country.upper()

    @property
    def keep_span(self) -> timedelta | None:
        """How long its periods and bytes are kept; None for ever."""
        return timedelta(days=int(self.keep[1:-1])) if self.keep else None

    @property
    def access(self) -> str:
        """Its access class; `undeclared` where nothing may cross."""
        return self.release.access if self.release else "undeclared"

    @property
    def host(self) -> str:
        """Host of the live address: what per-host limits go by."""
        try:
            return urlsplit(self.source.urls[0]).hostname or "local"
        except ValueError:  # a placeholder in the place of the host
            return "local"

    @property
    def doc(self) -> str:
        """Markdown for the Airflow UI: what, whose, licence, how to repair."""
        licence = (
            f"{self.licence.id}{f' ({self.licence.url})' if self.licence.url else ''}"
            if self.licence
            else "none: does not cross"
        )
        return "\n\n".join(
            part
            for part in (
                f"**{self.title}**, {self.publisher}" + (f", {self.homepage}" if self.homepage else ""),
                f"Format `{self.format}`, rhythm `{self.rhythm}`. Licence: {licence}. Credit: {self.attribution or 'none asked'}.",
                f"Access class **{self.access}**. Asked when it breaks: {self.owner}.",
                self.notes,
                "**Repair.** *extract* failed: the publisher did not answer or sent something else; run it again later, or "
                "check the address. *check* failed: the publisher changed the format; see the rule named in the log. "
                f"Try a file by hand: `euregio try --format {self.format} FILE`. The last good release stays in the layer.",
            )
            if part
        )


def checked_period(period: str, where: str | None = None) -> str:
    """`period` itself: a year, month, day, or instant in UTC. Raises DeclarationError for anything else."""
    begin_of(period, where)
    return period


def begin_of(period: str, where: str | None = None) -> datetime:
    """The instant (UTC) at which a period begins. Raises DeclarationError for what is none."""
    for form in ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%MZ"):
        with contextlib.suppress(ValueError):
            begin = datetime.strptime(period, form).replace(tzinfo=UTC)
            if begin.strftime(form) == period:
                return begin
    raise DeclarationError(
        "this is not a period", where=where, found=period, expected="2026, 2026-11, 2026-11-20 or 2026-11-20T06:15Z"
    )


def load_datasets(folder: Path = FOLDER) -> list[Dataset]:
    """All declared datasets, sorted by id. Raises DeclarationError for the first that is wrong."""
    return [load_dataset(path) for path in sorted(folder.glob("*/*.yaml"))]


@functools.cache
def load_dataset(path: Path) -> Dataset:
    """One dataset from its file. Raises DeclarationError with file, line and field."""
    place = _FILE.fullmatch(f"{path.parent.name}/{path.name}")
    if place is None or len(path.stem) > _LONGEST_NAME:
        raise DeclarationError(
            "a dataset's file is named by its country, theme and publisher", where=shown(path),
            expected=f"include/datasets/<cc>/<theme>__<publisher>.yaml in lower case, at most {_LONGEST_NAME} letters",
        )  # fmt: skip
    facts = {"id": f"{place['country']}.{path.stem}", "country": place["country"], "theme": place["theme"]}
    return validated(Dataset, read_yaml(path), path).model_copy(update=facts)


def dataset(dataset_id: str, folder: Path = FOLDER) -> Dataset:
    """The dataset `<cc>.<theme>__<publisher>`. Raises DeclarationError where none is declared."""
    country, _, name = dataset_id.partition(".")
    path = folder / country / f"{name}.yaml"
    if not _FILE.fullmatch(f"{country}/{name}.yaml") or not path.is_file():
        known = ", ".join(sorted(f"{p.parent.name}.{p.stem}" for p in folder.glob("*/*.yaml")))
        raise DeclarationError("no such dataset", found=dataset_id, expected=known)
    return load_dataset(path)
