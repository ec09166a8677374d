"""Views of the layer: include/sql/layer/<schema>.<view>.sql, each over one table; what it is stands on top of its file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from euregio.declarations.yaml_file import shown
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

FOLDER = PROJECT / "include" / "sql" / "layer"


@dataclass(frozen=True)
class View:
    """A view: its `place` (`core.current_tariff`), the `table` whose columns it has, what it is, and its statement."""

    place: str
    table: str
    description: str
    sql: str

    @property
    def comment(self) -> str:
        """What the layer says of it. DuckLake keeps no comments on a view's columns, so it names where they are."""
        return f"{self.description} Its columns are explained at {self.table}."


def load_views() -> list[View]:
    """All views, by place. Raises DeclarationError for a file that does not say what its view is."""
    return [_view(path.stem, path.read_text(encoding="utf-8"), shown(path)) for path in sorted(FOLDER.glob("*.sql"))]


def table_of_view(place: str) -> str:
    """The table whose columns a view has: `core.current_tariff` and `core.published_tariff` are of `core.tariff`."""
    schema, _, name = place.partition(".")
    return f"{schema}.{re.sub(r'^(current|published)_', '', name)}"


def _view(place: str, sql: str, where: str) -> View:
    head = re.match(r"(?:--[^\n]*\n)+", sql)
    if head is None:
        raise DeclarationError(
            "the file does not say what its view is", where=where, expected="a comment on its first line"
        )
    told = " ".join(line.removeprefix("--").strip() for line in head[0].splitlines())
    return View(place, table_of_view(place), told, sql)
