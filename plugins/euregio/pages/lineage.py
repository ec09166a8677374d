"""The picture of a dataset's way: publisher, dataset, tables, indicators, regions; boxes and lines, no drawing."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from euregio.declarations import regions
from euregio.declarations.datasets import Dataset
from euregio.errors import EuregioError
from euregio.indicators import registry
from euregio.pages.models import Lineage, Node

_LOG = logging.getLogger(__name__)
PUBLISHER, DATASET, TABLE, INDICATOR, REGION = range(5)


def lineage(one: Dataset, tables: Sequence[str]) -> Lineage:
    """Boxes in five columns, from the publisher to the regions whose indicators rest on the dataset."""
    nodes = [
        Node(id="publisher", column=PUBLISHER, label=one.publisher, under=one.host if one.host != "local" else ""),
        Node(id="dataset", column=DATASET, label=one.id, under=f"{one.format}, {one.rhythm}"),
    ]
    edges = [("publisher", "dataset")]
    for name in tables:
        nodes.append(Node(id=f"t.{name}", column=TABLE, label=name, under="core"))
        edges.append(("dataset", f"t.{name}"))
    try:
        indicators = [each for use_case in registry.use_cases() for each in registry.load_indicators(use_case).values()]
        sides = [
            region for region in regions.load_regions().values()
            if any(one.country_code in (None, side.country) for side in region.sides)
        ]  # fmt: skip
    except (EuregioError, OSError):  # a broken indicator is its own page's trouble
        _LOG.warning("%s: its indicators are not known", one.id, exc_info=True)
        return Lineage(nodes=nodes, edges=edges)
    for each in indicators if sides else []:
        read = [name for name in tables if name in each.tables]
        if read:
            nodes.append(Node(id=f"i.{each.id}", column=INDICATOR, label=each.title(), under=each.id))
            edges += [(f"t.{name}", f"i.{each.id}") for name in read]
    reading = [node.id for node in nodes if node.column == INDICATOR]
    for region in sides if reading else []:
        nodes.append(
            Node(
                id=f"r.{region.id}", column=REGION, label=region.name(), under="region", link=f"/atlas/{region.id}.html"
            )
        )
        edges += [(indicator, f"r.{region.id}") for indicator in reading]
    return Lineage(nodes=nodes, edges=edges)
