"""Sites of a DATEX II document in JSON (as the AFIR profile has it) as items: streamed, one site in memory at a time.

The document may be an object or a list, with the publication at any depth (`payload`, `messageContainer.payload`, both
an object or a list), and its name and classes may carry the short name of their package (`aegi…`, `egi…`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode.datex2_rows import Pivot
from euregio.extract.decode.datex2_walk import Item, items, node_of_json
from euregio.extract.decode.datex2_xml import Wanted, as_columns
from euregio.extract.decode.json_records import utf8_file
from euregio.extract.decode.json_scan import DepthGuard
from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import pyarrow

_ANY_PUBLICATION = re.compile(r"(?:[a-z]{0,5}(?=[A-Z]))?([A-Za-z]\w*Publication)")
_HEADER = {
    "lang": "lang",
    "publicationTime": "publicationTime",
    "publicationCreator.country": "publicationCreator_country",
    "publicationCreator.nationalIdentifier": "publicationCreator_nationalIdentifier",
}
_ITEMS = 100_000


@dataclass
class _Publication:
    """A publication as a first pass finds it: its header, and how many sites stand at which path."""

    name: str
    prefix: str
    header: dict[str, str | None] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)


def tables(source: Source, wanted: Wanted) -> Iterator[pyarrow.Table]:
    """The rows of a document, in its order. Raises DecodeError."""
    publications = _survey(source, wanted.element)
    chosen = [one for one in publications if one.name == wanted.publication]
    if not chosen:
        found = ", ".join(sorted({one.name for one in publications if one.name})) or "none"
        what = "this is another DATEX II publication" if found != "none" else "this JSON is no DATEX II publication"
        raise DecodeError(what, where=source.name, found=found, expected=wanted.publication)
    return _tables(source, wanted, publications)


def _tables(source: Source, wanted: Wanted, publications: list[_Publication]) -> Iterator[pyarrow.Table]:
    spec = wanted.spec_of()
    streams: dict[str, Iterator[object]] = {}
    for publication in publications:
        for path, count in publication.sites.items():
            pairs: list[Item] = []
            stream = streams.setdefault(path, _objects(source, path))
            for number in range(1, count + 1):
                site = next(stream)
                if publication.name == wanted.publication:
                    if not isinstance(site, dict):
                        raise DecodeError("a site is no object", where=source.name, found=repr(site))
                    pairs += items(spec, node_of_json(site), publication.header.get("lang") or "")
                if pairs and (len(pairs) > _ITEMS or number == count):
                    yield Pivot(spec, *as_columns(pairs)).table(publication.header, wanted.every_level)
                    pairs = []


def _objects(source: Source, path: str) -> Iterator[object]:
    import ijson

    with utf8_file(source).open("rb") as file:
        yield from ijson.items(DepthGuard(file), path)


def _survey(source: Source, element: str) -> list[_Publication]:
    """The publications of the document: one pass that builds nothing, because a header may follow its sites."""
    import ijson

    found: list[_Publication] = []
    current = _Publication("", "\0")
    ends = (f"{element}.item", element)
    try:
        with utf8_file(source).open("rb") as file:
            for prefix, event, value in ijson.parse(DepthGuard(file)):
                if event == "start_map" and prefix.endswith(ends) and prefix.startswith(current.prefix):
                    if prefix.endswith((f".{element}.item", f".{element}")):
                        current.sites[prefix] = current.sites.get(prefix, 0) + 1
                elif event == "start_map" and prefix.endswith(("Publication", "Publication.item")):
                    name = _ANY_PUBLICATION.fullmatch(prefix.removesuffix(".item").rpartition(".")[2])
                    if name:
                        current = _Publication(name[1][0].upper() + name[1][1:], prefix)
                        found.append(current)
                elif event in ("string", "number") and prefix.startswith(current.prefix):
                    key = _HEADER.get(prefix[len(current.prefix) + 1 :])
                    if key:
                        current.header[key] = str(value)
    except (ijson.JSONError, ValueError, UnicodeDecodeError) as error:
        raise DecodeError(
            "the file is cut off or is no JSON", where=source.name, found=str(error).strip(), do="Fetch it again."
        ) from error
    return found
