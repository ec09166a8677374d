"""Sites of a DATEX II document in JSON (as the AFIR profile has it) as items: streamed, one site in memory at a time.

The document may be an object or a list, with the publication at any depth (`payload`, `messageContainer.payload`, both
an object or a list), and its name and classes may carry the short name of their package (`aegi…`, `egi…`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from euregio.errors import DecodeError
from euregio.extract.decode.datex2_rows import Pivot
from euregio.extract.decode.datex2_walk import Item, items, node_of_json
from euregio.extract.decode.datex2_xml import Wanted, as_columns
from euregio.extract.decode.json_mend import mended
from euregio.extract.decode.json_scan import DepthGuard
from euregio.extract.decode.json_text import utf8_file, words
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
_CHUNK = 4 * 1024 * 1024
_PREFIXED = re.compile(rb'"[A-Za-z][A-Za-z0-9_-]{0,30}:([A-Za-z]\w*)"[ \t\r\n]*:')


@dataclass
class _Publication:
    """A publication as a first pass finds it: its header, and how many sites stand at which path."""

    name: str
    prefix: str
    header: dict[str, str | None] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)


def tables(source: Source, wanted: Wanted) -> Iterator[pyarrow.Table]:
    """The rows of a document, in its order. Raises DecodeError."""
    path = _bare(source, utf8_file(source))
    try:
        publications = _survey(path, wanted.element)
    except ValueError as refused:
        path = mended(source, path)
        try:
            publications = _survey(path, wanted.element)
        except ValueError:
            raise DecodeError(
                "the file is cut off or is no JSON", where=source.name, found=words(str(refused)), do="Fetch it again."
            ) from refused
    chosen = [one for one in publications if one.name == wanted.publication]
    if not chosen:
        found = ", ".join(sorted({one.name for one in publications if one.name})) or "none"
        what = "this is another DATEX II publication" if found != "none" else "this JSON is no DATEX II publication"
        raise DecodeError(what, where=source.name, found=found, expected=wanted.publication)
    return _tables(source, path, wanted, publications)


def _tables(source: Source, path: Path, wanted: Wanted, publications: list[_Publication]) -> Iterator[pyarrow.Table]:
    spec = wanted.spec_of()
    streams: dict[str, Iterator[object]] = {}
    for publication in publications:
        for place, count in publication.sites.items():
            pairs: list[Item] = []
            stream = streams.setdefault(place, _objects(path, place))
            for number in range(1, count + 1):
                site = next(stream)
                if publication.name == wanted.publication:
                    if not isinstance(site, dict):
                        raise DecodeError("a site is no object", where=source.name, found=repr(site))
                    pairs += items(spec, node_of_json(site), publication.header.get("lang") or "")
                if pairs and (len(pairs) > _ITEMS or number == count):
                    yield Pivot(spec, *as_columns(pairs)).table(publication.header, wanted.every_level)
                    pairs = []


def _objects(path: Path, place: str) -> Iterator[object]:
    import ijson

    with path.open("rb") as file:
        yield from ijson.items(DepthGuard(file), place, multiple_values=True)


def _bare(source: Source, path: Path) -> Path:
    """The file, or a copy with `name` for each key `prefix:name` where the beginning shows such keys: what was XML once
    keeps its prefixes. Sound on bytes: in valid JSON a quoted word before a colon is a key."""
    with path.open("rb") as file:
        if not _PREFIXED.search(file.read(_CHUNK)):
            return path
    out = source.scratch / "bare.json"
    with path.open("rb") as file, out.open("wb") as plain:
        left = b""
        while chunk := file.read(_CHUNK):
            chunk = left + chunk
            cut = chunk.rfind(b",") + 1  # no key or blank in which a cut could fall holds a comma before its end
            plain.write(_PREFIXED.sub(rb'"\1":', chunk[:cut]))
            left = chunk[cut:]
        plain.write(_PREFIXED.sub(rb'"\1":', left))
    return out


def _survey(path: Path, element: str) -> list[_Publication]:
    """The publications of the document: one pass that builds nothing, because a header may follow its sites.

    Raises ValueError where the parser refuses the document.
    """
    import ijson

    found: list[_Publication] = []
    current = _Publication("", "\0")
    ends = (f"{element}.item", element)
    try:
        with path.open("rb") as file:
            for prefix, event, value in ijson.parse(DepthGuard(file), multiple_values=True):
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
    except ijson.JSONError as error:
        raise ValueError(str(error)) from error
    return found
