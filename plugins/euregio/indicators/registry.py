"""Indicators as they are declared: one SQL file each, with a header that says what the number is and when it is sound."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from euregio.declarations.yaml_file import shown
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "sql" / "indicators"
#: Input tables that make an indicator one of recharging points: without points on a side it has no value there.
POINT_TABLES = {"core.published_recharging_point", "core.published_recharging_station"}

_HEADER = re.compile(r"\A/\*---\n(.*?)\n---\*/\n", re.DOTALL)
_PARAMETER = re.compile(r"^SET VARIABLE (\w+) = (.+?);\s*(?:-- ([^.]+)\. (.+))?$", re.MULTILINE)
_CREATED = re.compile(r"CREATE OR REPLACE TEMP (?:TABLE|VIEW) (\w+)")


class Floor(BaseModel):
    """What a value needs to be published: least coverage (0 to 1) and least number of rows behind it.

    With `each`, the number must hold for each such part of the value (a band, say): the SELECT counts them in `parts`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    coverage: float = Field(ge=0, le=1)
    n: int = Field(ge=1)
    each: str | None = None

    @property
    def rows(self) -> str:
        """The least number of rows in words: `1 row`, `5 rows in each band`."""
        return f"{self.n} {'row' if self.n == 1 else 'rows'}" + (f" in each {self.each}" if self.each else "")


class Sentence(BaseModel):
    """Templates of one language. Named values: place, value, dimension; high, low, high_value, low_value, times.

    `across` is the contrast of two values on different sides of the header's `turns_at`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: str
    contrast: str
    even: str
    across: str | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Sentence:
        allowed = {"value": {"place", "value", "dimension"}}
        both = {"high", "low", "high_value", "low_value", "times", "dimension"}
        for field in ("value", "contrast", "even", "across"):
            names = set(re.findall(r"{(\w*)}", getattr(self, field) or ""))
            if unknown := names - allowed.get(field, both):
                raise ValueError(f"template {field!r} names {', '.join(sorted(unknown))}, which no value has")
        return self


class Header(BaseModel):
    """The YAML between `/*---` and `---*/` at the head of an indicator's SQL."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: dict[str, str]
    unit: str = Field(min_length=1)
    shown_as: Literal["number", "percent"] = "number"
    definition: str = Field(min_length=20)
    reference: str = Field(min_length=5)
    inputs: tuple[str, ...] = Field(min_length=1)
    coverage: str = Field(min_length=5, description="What the column coverage is the share of.")
    floor: Floor
    better: Literal["higher", "lower", "none"]
    contrast: Literal["ratio", "difference", "min_max"]
    dimensions: dict[str, dict[str, str]] = Field(default_factory=lambda: {"": {"en": ""}})
    turns_at: float | None = Field(None, gt=0, description="Value on whose two sides the number says opposite things.")
    sentence: dict[str, Sentence]

    @model_validator(mode="after")
    def _english_is_there(self) -> Header:
        for field in ("title", "sentence"):
            if "en" not in getattr(self, field):
                raise ValueError(f"{field} lacks the English text `en`")
        if (self.turns_at is None) != (self.sentence["en"].across is None):
            raise ValueError("turns_at and the template `across` need each other")
        return self


@dataclass(frozen=True)
class Parameter:
    """A number that a definition rests on: SQL text of its value, unit, and where it comes from."""

    name: str
    value: str
    unit: str
    source: str


@dataclass(frozen=True)
class Indicator:
    """One indicator: its header, parameters (its own and the prelude's that it reaches) and statements.

    The last statement is the SELECT of the values; those before it set parameters and create the view `rows_behind`.
    """

    use_case: str
    header: Header
    parameters: tuple[Parameter, ...]
    statements: tuple[str, ...]
    sql: str

    @property
    def id(self) -> str:
        return self.header.id

    @property
    def tables(self) -> frozenset[str]:
        """Tables that it reads, by name: a view of the layer (`core.current_…`, `core.published_…`) stands for its table."""
        names = (name.partition(".")[2] or name for name in self.header.inputs)
        return frozenset(re.sub(r"^(current|published)_", "", name) for name in names)

    @property
    def needs_points(self) -> bool:
        """Whether a side without recharging points can have no value."""
        return bool(POINT_TABLES & set(self.header.inputs))

    def title(self, language: str = "en") -> str:
        """The title in `language`, in English where there is none."""
        return self.header.title.get(language) or self.header.title["en"]

    def dimension(self, dimension: str, language: str = "en") -> str:
        """The label of a dimension in `language`; the dimension itself where it has none."""
        labels = self.header.dimensions.get(dimension, {})
        return labels.get(language) or labels.get("en") or dimension


def use_cases() -> list[str]:
    """Use cases that have indicators: the folders of include/sql/indicators."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and any(path.glob("*.sql")))


def load_indicators(use_case: str) -> dict[str, Indicator]:
    """All indicators of a use case by id. Raises DeclarationError with file, line and field."""
    paths = sorted((FOLDER / use_case).glob("*.sql"))
    if not paths:
        raise DeclarationError("no such use case", found=use_case, expected=", ".join(use_cases()))
    return {path.stem: load_indicator_file(path) for path in paths}


def load_indicator(indicator_id: str) -> Indicator:
    """One indicator by its id, whatever its use case. Raises DeclarationError where there is none."""
    for path in FOLDER.glob("*/*.sql"):
        if path.stem == indicator_id:
            return load_indicator_file(path)
    known = ", ".join(sorted(path.stem for path in FOLDER.glob("*/*.sql")))
    raise DeclarationError("no such indicator", found=indicator_id, expected=known)


@functools.cache
def load_indicator_file(path: Path) -> Indicator:
    """The indicator that an SQL file declares; its use case is the folder's name."""
    sql = path.read_text(encoding="utf-8")
    found = _HEADER.match(sql)
    if not found:
        raise DeclarationError("the header is missing", where=f"{shown(path)} line 1", expected="/*---, YAML, ---*/")
    header = _header(found.group(1), path)
    if header.id != path.stem:
        raise DeclarationError(
            "the id is not the file's name", where=f"{shown(path)}, field id", found=header.id, expected=path.stem
        )
    statements = split(sql[found.end() :], path)
    if "CREATE OR REPLACE TEMP VIEW rows_behind AS" not in sql:
        raise DeclarationError(
            "no view of the rows behind the value",
            where=shown(path),
            expected="CREATE OR REPLACE TEMP VIEW rows_behind AS …",
        )
    if not re.match(r"(SELECT|WITH)\b", statements[-1]) or "rows_behind" not in statements[-1]:
        raise DeclarationError(
            "the last statement is not the SELECT of the values over rows_behind",
            where=shown(path),
            found=statements[-1],
        )
    own = parameters_of(sql[found.end() :], path)
    return Indicator(path.parent.name, header, (*own, *_reached(sql)), statements, sql)


@functools.cache
def prelude() -> tuple[str, ...]:
    """Statements of include/sql/indicators/prelude.sql, which every indicator stands on."""
    return split((FOLDER / "prelude.sql").read_text(encoding="utf-8"), FOLDER / "prelude.sql")


def split(sql: str, path: Path) -> tuple[str, ...]:
    """The statements of an SQL text, without leading comments. Raises DeclarationError where it does not parse."""
    try:
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
            return tuple(_uncommented(statement.query) for statement in con.extract_statements(sql))
    except duckdb.Error as error:
        raise DeclarationError("this is not SQL", where=shown(path), found=str(error).splitlines()[0]) from error


def parameters_of(sql: str, path: Path) -> list[Parameter]:
    """Parameters set in an SQL text. Each must say on its line, as `-- unit. source`, what it is and whence."""
    found = []
    for name, value, unit, source in _PARAMETER.findall(sql):
        if not source:
            raise DeclarationError(
                "a parameter has no unit and source",
                where=shown(path),
                found=name,
                expected="SET VARIABLE name = value; -- unit. source",
            )
        found.append(Parameter(name, value, unit, source))
    return found


def _reached(sql: str) -> Iterable[Parameter]:
    """Parameters of the prelude that `sql` names, itself or through the prelude's tables."""
    path = FOLDER / "prelude.sql"
    created = {match.group(1): text for text in prelude() if (match := _CREATED.match(text))}
    names: set[str] = set()
    pending = [sql]
    while pending:
        words = set(re.findall(r"\w+", pending.pop()))
        pending += [created[name] for name in words & set(created) - names]
        names |= words
    return [p for p in parameters_of(path.read_text(encoding="utf-8"), path) if p.name in names]


def _uncommented(query: str) -> str:
    return re.sub(r"\A(\s*(--[^\n]*\n|/\*.*?\*/))*\s*", "", query, flags=re.DOTALL).strip()


def _header(text: str, path: Path) -> Header:
    try:
        content: Any = yaml.safe_load(text)
        return Header.model_validate(content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise DeclarationError(
            "the header is not YAML", where=f"{shown(path)} line {line}", found=error.problem
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "(top)"
        raise DeclarationError(
            first["msg"].removeprefix("Value error, "),
            where=f"{shown(path)} line {_line(text, first['loc'])}, field {field}",
            found=first.get("input"),
        ) from error


def _line(text: str, loc: tuple[str | int, ...]) -> int:
    """Line in the file of a header's field; the header begins on line 2."""
    for number, line in enumerate(text.splitlines(), start=2):
        if loc and line.startswith(f"{loc[0]}:"):
            return number
    return 1
