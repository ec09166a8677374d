"""What a changed declaration, contract, suite or SQL touches, before it runs; and whether it breaks a table's readers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from euregio.declarations.datasets import Dataset, load_datasets
from euregio.declarations.regions import load_regions
from euregio.declarations.tables import Table, load_tables, table_of
from euregio.errors import DeclarationError, EuregioError
from euregio.indicators.registry import load_indicators, use_cases
from euregio.pipeline import tables_given
from euregio.release.write import DERIVED
from euregio.settings import PROJECT

#: What says how data are read and judged. Other files (docs, tests) touch no number.
WATCHED = ("include", "expectations", "plugins/euregio/extract/decode")


@dataclass
class Plan:
    """What the changed files touch, each sorted by name; `breaking` are changes that a table's readers would not survive."""

    files: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    contracts: list[str] = field(default_factory=list)
    breaking: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def plan(changed: Iterable[str], before: Callable[[str], str | None]) -> Plan:
    """What the changed files (paths below the project) touch; `before` gives a file's text as it was, None where it was not.

    A rule that every dataset shares (code lists, prelude, frame) touches them all. Raises DeclarationError for a
    declaration that is wrong now.
    """
    found = Plan(files=sorted(changed))
    tables, datasets = load_tables(), load_datasets()
    gives = {dataset.id: _tables(dataset) for dataset in datasets}
    touched: set[str] = set()
    reread: set[str] = set()  # tables whose meaning changed without a dataset's rows being made anew
    indicators: set[str] = set()
    regions: set[str] = set()
    for file in found.files:
        match PurePosixPath(file).parts:
            case ("include", "datasets" | "corrections", country, name):
                touched |= {d.id for d in datasets if d.id == f"{country}.{PurePosixPath(name).stem}"}
            case ("include", "tables", name):
                reread.add(PurePosixPath(name).stem)
                touched |= {id_ for id_, given in gives.items() if PurePosixPath(name).stem in given}
                told, breaks = _contract(file, tables.get(PurePosixPath(name).stem), before(file))
                found.contracts += told
                found.breaking += breaks
            case ("expectations", "formats", name):
                touched |= {d.id for d in datasets if d.format == PurePosixPath(name).stem}
            case ("expectations", "tables", name) | ("include", "sql", "derive", name):
                touched |= {id_ for id_, given in gives.items() if PurePosixPath(name).stem in given}
            case ("include", "sql", "harmonise", _, name):
                touched |= {d.id for d in datasets if d.format == PurePosixPath(name).stem}
            case ("plugins", "euregio", "extract", "decode", name):
                formats = {d.format for d in datasets if d.format.replace("-", "_") == PurePosixPath(name).stem}
                # a module that is no format's own is shared by several
                touched |= {d.id for d in datasets if d.format in formats or not formats}
            case ("include", "sql", "prelude.sql") | ("include", "codes", _) | ("include", "sql", "frame", _):
                touched |= set(gives)
            case ("include", "sql", "indicators", _, name) if name.endswith(".sql"):
                indicators.add(PurePosixPath(name).stem)
            case (
                ("include", "sql", "indicators", _) | ("expectations", "indicators", _) | ("include", "sql", "match", _)
            ):
                indicators |= {one for use_case in use_cases() for one in load_indicators(use_case)}
            case ("include", "regions", name):
                regions |= set(load_regions()) & {PurePosixPath(name).stem}
                indicators |= {one for use_case in use_cases() for one in load_indicators(use_case)}
            case _:
                pass
    given = {table for id_ in touched for table in gives[id_]} | (reread & set(tables))
    indicators |= {
        one.id for use_case in use_cases() for one in load_indicators(use_case).values() if one.tables & given
    }
    found.datasets, found.tables, found.indicators = sorted(touched), sorted(given), sorted(indicators)
    found.countries = sorted({d.country_code or "Europe" for d in datasets if d.id in touched})
    found.regions = sorted(regions or (set(load_regions()) if indicators else set()))
    return found


def changed_since(reference: str) -> tuple[list[str], Callable[[str], str | None]]:
    """Watched files that differ from a git reference (commit, branch, tag), and how to read one as it was.

    Raises EuregioError where the project is no checkout, or the reference is none.
    """
    if reference.startswith("-"):
        raise EuregioError("not a git reference", found=reference)
    known = _git("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").strip()
    if not known:
        raise EuregioError("not a git reference", found=reference, expected="a commit, branch or tag of this checkout")
    changed = _git("diff", "--name-only", "--no-renames", known, "--", *WATCHED).splitlines()
    changed += _git("ls-files", "--others", "--exclude-standard", "--", *WATCHED).splitlines()

    def before(file: str) -> str | None:
        return _git("show", f"{known}:./{file}") or None

    return sorted(set(changed)), before


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError as error:
        raise EuregioError("git is needed to tell what changed", found=error.strerror) from error
    if done.returncode == 128 and "not a git repository" in done.stderr:
        raise EuregioError("the project is no git checkout, so nothing tells what changed", do="Clone it with git.")
    return done.stdout


def _tables(dataset: Dataset) -> set[str]:
    own = tables_given(dataset)
    return {*own, *(derived for name in own for derived in DERIVED.get(name, ()))}


def _contract(file: str, now: Table | None, text: str | None) -> tuple[list[str], list[str]]:
    """What changed in a table's contract, in words; and which of it breaks without a new major version."""
    if text is None:
        return [f"{PurePosixPath(file).stem}: a new table"], []
    was = table_of(yaml.safe_load(text), file)
    if now is None:
        gone = f"{was.place}: the table is gone"
        return [gone], [gone]
    old, new = ({column.name: column for column in table.columns} for table in (was, now))
    breaks = [f"{name} is gone" for name in old if name not in new]
    breaks += [f"{n}: {old[n].type} becomes {new[n].type}" for n in old if n in new and old[n].type != new[n].type]
    breaks += [f"{n} may be null now" for n in old if n in new and old[n].required and not new[n].required]
    if was.key != now.key:
        breaks.append(f"the key is ({', '.join(now.key)}), was ({', '.join(was.key)})")
    if was.place != now.place:
        breaks.append(f"its place is {now.place}, was {was.place}")
    told = [f"{name} comes" for name in new if name not in old] + breaks
    is_major = _major(now.version) > _major(was.version)
    lines = [f"{now.place} {was.version} → {now.version}: {one}" for one in told]
    if breaks and not is_major:
        needs = f"needs version {_major(was.version) + 1}.0.0"
        return lines, [f"{now.place}: {one} ({needs}, is {now.version})" for one in breaks]
    return lines, []


def _major(version: str) -> int:
    try:
        return int(version.partition(".")[0])
    except ValueError as error:
        raise DeclarationError("not a version", found=version, expected="1.2.0") from error
