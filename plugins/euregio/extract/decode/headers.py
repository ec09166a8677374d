"""Which column of a table means what: headers as publishers write them, matched to one name for each field of a format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from euregio.errors import DecodeError

#: Column of every decoded table: what is wrong with the row's shape (too few or too many cells), null where nothing.
ROW_ERROR = "row_error"


@dataclass(frozen=True)
class Fields:
    """The fields of a format: `names` in their order, `aliases` (key of a header's text, see `key`) to name, and
    `essential`: of each group at least one must be there."""

    names: tuple[str, ...]
    aliases: Mapping[str, str]
    essential: tuple[tuple[str, ...], ...]

    def found_in(self, cells: Sequence[object]) -> dict[str, int]:
        """Field to column number (from 0) for the header `cells`; the first column of a name counts."""
        found: dict[str, int] = {}
        for number, cell in enumerate(cells):
            name = self.aliases.get(key(str(cell)))
            if name is not None:
                found.setdefault(name, number)
        return found

    def lacking(self, found: Mapping[str, int]) -> list[str]:
        """The essential groups of which nothing was found, as text."""
        return [" or ".join(group) for group in self.essential if not any(name in found for name in group)]


@dataclass(frozen=True)
class Header:
    """A header that was found: `columns` (field to column number), `width` (cells in a row), `cells` as published,
    `first` (number of the first line or sheet row after it, from 0), `delimiter` between cells (CSV)."""

    columns: dict[str, int]
    width: int
    cells: tuple[str, ...]
    first: int
    delimiter: str = ""


def key(text: str) -> str:
    """What is compared of a header's text: lower-case letters and digits without accents. `Straße` is `strasse`."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", folded)


def best_header(candidates: Sequence[Header], fields: Fields, *, where: str) -> Header:
    """The candidate that names most fields, the earliest among equals. Raises DecodeError, with the columns found and
    expected, where none names all that is essential."""
    best = max(candidates, key=lambda header: len(header.columns), default=None)
    expected = ", ".join(fields.lacking({}))
    if best is None or not best.columns:
        first = next((header.cells for header in candidates if any(cell.strip() for cell in header.cells)), ())
        raise DecodeError(
            "no header with the format's columns", where=where, found=", ".join(cell[:40] for cell in first[:8]) or None,
            expected=expected, do="Check the file and the format's name.",
        )  # fmt: skip
    lacking = fields.lacking(best.columns)
    if lacking:
        raise DecodeError(
            f"the header lacks {', '.join(lacking)}", where=where, found=", ".join(cell.strip() for cell in best.cells),
            expected=expected, do="The publisher's layout has changed, or this is another format.",
        )  # fmt: skip
    return best
