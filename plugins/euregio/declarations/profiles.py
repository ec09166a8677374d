"""Profiles: where the bytes of the declared datasets come from, `include/profiles/<name>.yaml`; the datasets stay one."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from euregio.declarations.datasets import Dataset, load_datasets
from euregio.declarations.source import SourceSpec
from euregio.declarations.yaml_file import read_yaml, validated
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "profiles"
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")


class FileSet(BaseModel):
    """Files that stand for one period of a dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    period: Annotated[
        str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}Z)?)?)?$", description="Period, in the rhythm's form")
    ]
    files: Annotated[tuple[str, ...], Field(min_length=1, description="Paths below the profile's root")]


class Profile(BaseModel):
    """Where bytes come from: `live` addresses, a `sandbox` that serves each dataset at /<id>, or `files` below a root."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Annotated[Literal["live", "sandbox", "files"], Field(description="Kind of origin")]
    title: Annotated[str, Field(default="", description="What it is for")]
    address: Annotated[
        str | None, Field(default=None, description="sandbox: base address; ${NAME:-default} from the environment")
    ]
    root: Annotated[str | None, Field(default=None, description="files: folder; ${NAME:-default} from the environment")]
    datasets: Annotated[
        dict[str, tuple[FileSet, ...]] | tuple[str, ...] | None,
        Field(
            default=None, description="Ids of the datasets that it serves, for files with their files; all where absent"
        ),
    ]

    def serves(self, dataset: Dataset) -> bool:
        """Whether this profile has bytes for the dataset."""
        if self.datasets is not None:
            return dataset.id in self.datasets
        return dataset.source.by_http

    def periods(self, dataset_id: str) -> list[str]:
        """The periods that the files stand for; empty where periods follow the clock."""
        sets = self.datasets.get(dataset_id, ()) if isinstance(self.datasets, dict) else ()
        return [item.period for item in sets]

    def source(self, dataset: Dataset, period: str) -> SourceSpec:
        """Where the bytes of one period come from. Raises DeclarationError where this profile has none."""
        if not self.serves(dataset):
            raise DeclarationError(
                "this profile has no bytes of the dataset", where=dataset.id, found=f"a profile of kind {self.kind}",
                do="Fetch from its own address with EUREGIO_PROFILE=live, or name files in include/profiles/files.yaml "
                "(docs/how-to/add-a-dataset.md).",
            ).told_as("no_bytes")  # fmt: skip
        if self.kind == "live":
            for url in dataset.source.urls:
                _refuse_inside(url, dataset.id)
            return dataset.source
        plain: dict[str, Any] = {"headers": {}, "paging": None, "link": None, "certificate": None}
        if self.kind == "sandbox":
            return dataset.source.model_copy(update={"url": f"{expanded(self.address or '')}/{dataset.id}", **plain})
        sets = self.datasets.get(dataset.id, ()) if isinstance(self.datasets, dict) else ()
        for item in sets:
            if item.period == period:
                return dataset.source.model_copy(update={"url": item.files, **plain})
        known = ", ".join(item.period for item in sets)
        raise DeclarationError(
            "the files of this profile do not hold the period", where=dataset.id, found=period, expected=known or "no period at all",
            do="Run one of these periods, or name the file of the period in include/profiles/files.yaml.",
        ).told_as("no_bytes")  # fmt: skip

    @property
    def root_folder(self) -> Path | None:
        """The root of `files`, absolute."""
        if self.root is None:
            return None
        folder = Path(expanded(self.root))
        return folder if folder.is_absolute() else (PROJECT / folder).resolve()


def _refuse_inside(url: str, dataset_id: str) -> None:
    """Refuse a live address that names this machine, its network or its cloud's keys by number. Raises DeclarationError.

    Names are looked at when they are resolved, redirects as they come: `extract/fetch/addresses.py`.
    """
    host = (urlsplit(url).hostname or "").partition("%")[0]
    try:
        inside = not ipaddress.ip_address(host).is_global
    except ValueError:
        inside = host == "localhost" or host.endswith(".localhost") or url.lower().startswith("file:")
    if inside:
        raise DeclarationError(
            "a live address leads into the node's own network or disk", where=f"{dataset_id}, source.url", found=url,
            expected="a public address (files and loopback belong to the profiles `files` and `sandbox`)",
        )  # fmt: skip


def expanded(text: str) -> str:
    """`${NAME:-default}` filled from the environment. Raises DeclarationError for a name without value or default."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if not found:
            raise DeclarationError("an environment variable is not set", found=match[1])
        return found

    return _VARIABLE.sub(value, text)


@functools.cache
def load_profile(name: str) -> Profile:
    """The profile `name`. Raises DeclarationError."""
    path = FOLDER / f"{name}.yaml"
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.yaml")))
        raise DeclarationError("no such profile", found=name, expected=known)
    return validated(Profile, read_yaml(path), path)


def datasets_of(profile_name: str) -> list[Dataset]:
    """The declared datasets that a profile serves, sorted by id."""
    profile = load_profile(profile_name)
    return [dataset for dataset in load_datasets() if profile.serves(dataset)]
