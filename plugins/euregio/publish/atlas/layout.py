"""Which indicators stand where on a page, and what weighs most in its first sentence: `layout.yaml`, validated."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from euregio.declarations.yaml_file import read_yaml, validated

FILE = Path(__file__).parent / "layout.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Group(_Part):
    """Indicators that stand together, in order."""

    id: str
    indicators: tuple[str, ...]


class Comparability(_Part):
    """Which indicators tell what is not comparable, and from what difference (share) on."""

    indicators: tuple[str, ...]
    differ_by: float = Field(gt=0)


class Layout(_Part):
    """The whole of `layout.yaml`."""

    groups: tuple[Group, ...] = Field(min_length=1)
    headline: dict[str, float]
    headline_cap: float = Field(gt=1)
    comparability: Comparability
    map_indicator: str

    def grouped(self, indicators: list[str]) -> list[tuple[str, list[str]]]:
        """The given indicators by group, in the page's order; those that no group names stand in the last."""
        named = {one for group in self.groups for one in group.indicators}
        last = self.groups[-1].id
        found = []
        for group in self.groups:
            members = [one for one in group.indicators if one in indicators]
            if group.id == last:
                members += sorted(one for one in indicators if one not in named)
            if members:
                found.append((group.id, members))
        return found


@functools.cache
def load_layout() -> Layout:
    """The layout. Raises DeclarationError with line and field where it is wrong."""
    return validated(Layout, read_yaml(FILE), FILE)
