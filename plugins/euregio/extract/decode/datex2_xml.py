"""Sites of a DATEX II document in XML as items: in chunks through C code, and one by one wherever that is not exact.

The fast way cuts the bytes after end tags of sites, gives each chunk a root with the namespaces of the document, and
lets libxml2 and libxslt do the rest in two threads. A cut is wrong where the end tag stands in a comment or a CDATA
section, or where something other than sites stands between two sites: then the chunk is not well-formed, and the exact
way (one parser over the whole document) goes on from the first site that is not yet given.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from euregio.errors import DecodeError
from euregio.extract.decode.datex2_head import READ_URI, URI, Head, HeadReader, Skeleton, broken
from euregio.extract.decode.datex2_rows import Pivot
from euregio.extract.decode.datex2_spec import Spec
from euregio.extract.decode.datex2_text import Utf8
from euregio.extract.decode.datex2_walk import Item, items, node_of_xml
from euregio.extract.decode.datex2_xslt import NAMESPACE, XSI, stylesheet
from euregio.extract.decode.plain import Source

if TYPE_CHECKING:
    import numpy
    import pyarrow

Columns = tuple[dict[str, str | None], "numpy.ndarray", "pyarrow.StringArray"]
_CHUNK = 4 * 1024 * 1024
#: A site may not be larger than this, bytes; the largest known have some 100 kB.
MAX_SITE = 64 * 1024 * 1024
_THREADS = min(4, os.cpu_count() or 1)
_BIND = re.compile(
    rb"(xmlns(?::[^\s=]+)?\s*=\s*[\"'])https?://(?:www\.)?(?:datex2\.eu/schema/3(?:/[^\"']*)?|opengis\.net/gml(?:/3\.\d)?)(?=[\"'])"
)


@dataclass(frozen=True)
class Wanted:
    """What is looked for: the publication, the element of its sites, and what is read of them."""

    publication: str
    element: str
    spec_of: Callable[[], Spec]
    every_level: bool


class _Unusual(Exception):
    """The fast way cannot go on."""


def tables(source: Source, wanted: Wanted) -> Iterator[pyarrow.Table]:
    """The rows of a document, in its order. Raises DecodeError."""
    with Utf8(source) as stream:
        head = HeadReader(wanted.element, wanted.publication, source.name).read(stream)
    return _tables(source, wanted, head) if head else iter(())


def _tables(source: Source, wanted: Wanted, head: Head) -> Iterator[pyarrow.Table]:
    spec, sites = wanted.spec_of(), 0
    code = spec.kinds[spec.levels[0]].code
    try:
        for header, codes, values in fast_columns(source, wanted, head):
            yield Pivot(spec, codes, values).table(header, wanted.every_level)
            sites += int((codes == code).sum())
    except _Unusual:
        for header, codes, values in exact_columns(source, wanted, sites):
            yield Pivot(spec, codes, values).table(header, wanted.every_level)


def fast_columns(source: Source, wanted: Wanted, head: Head) -> Iterator[Columns]:
    """Codes and texts of all sites, some megabytes of XML at a time. Raises _Unusual before the first odd site."""
    chunk_reader = _ChunkReader(wanted, head)
    waiting: deque[Future[Columns]] = deque()
    with (
        ThreadPoolExecutor(_THREADS, "datex2") as pool,
        Utf8(source) as stream,
        closing(_cut(stream, source, wanted, head)) as cut,
    ):
        try:
            for chunk in cut:
                waiting.append(pool.submit(chunk_reader.read, chunk))
                if len(waiting) > _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _cut(stream: Utf8, source: Source, wanted: Wanted, head: Head) -> Generator[bytes]:
    """The document from its first to its last site in chunks; the rest of it is parsed alone, to see that it is whole."""
    skeleton = Skeleton(wanted.element, source.name)
    rest = head.offset
    while rest:
        part = stream.read(min(rest, _CHUNK))
        if len(part) > rest:
            part, over = part[:rest], part[rest:]
        else:
            over = b""
        skeleton.feed(part)
        rest -= len(part)
    data = (over if head.offset else b"") + stream.read(_CHUNK)
    tag = re.match(rb"<([^\s/>]+)", data)
    if not tag:
        raise _Unusual
    end = b"</" + tag[1] + b">"
    while True:
        place = data.rfind(end)
        if place >= 0:
            yield data[: place + len(end)]
            data = data[place + len(end) :]
        elif len(data) > MAX_SITE:
            raise _Unusual
        block = stream.read(_CHUNK)
        if not block:
            break
        data += block
    skeleton.finish(data)
    if skeleton.has_site:
        raise _Unusual


class _ChunkReader:
    """Chunks to codes and texts, in many threads at once: libxml2, libxslt and Arrow work without Python's lock."""

    def __init__(self, wanted: Wanted, head: Head) -> None:
        from lxml import etree

        self._header = head.header
        bound = {p: NAMESPACE if READ_URI.fullmatch(uri) else uri for p, uri in head.namespaces.items() if p != "xml"}
        names = (f" xmlns{':' if prefix else ''}{prefix}={quoteattr(uri)}" for prefix, uri in bound.items())
        self._open = f"<r{''.join(names)}>".encode()
        self._sheet = stylesheet(wanted.spec_of, wanted.element)
        self._language = etree.XSLT.strparam(head.header.get("lang") or "")
        self._own = threading.local()

    def read(self, chunk: bytes) -> Columns:
        """The items of a chunk. Raises _Unusual where it is not well-formed by itself."""
        from lxml import etree

        if b"xmlns" in chunk:
            if b"<!" in chunk:
                raise _Unusual
            chunk = _BIND.sub(rb"\1" + NAMESPACE.encode(), chunk)
        if not hasattr(self._own, "transform"):
            self._own.transform = etree.XSLT(etree.fromstring(self._sheet))
        try:
            root = etree.fromstring(self._open + chunk + b"</r>", _parser(etree.XMLParser))
        except etree.XMLSyntaxError as error:
            raise _Unusual from error
        try:
            text = bytes(self._own.transform(root, lang=self._language))
        except etree.XSLTError as error:
            raise _Unusual from error
        return self._header, *_columns(text)


def _columns(text: bytes) -> tuple[numpy.ndarray, pyarrow.StringArray]:
    """Codes and texts of the stylesheet's lines."""
    import pyarrow as pa
    from pyarrow import csv

    read = csv.ReadOptions(column_names=["code", "value"], use_threads=False, block_size=max(len(text) + 1, 1024))
    parse = csv.ParseOptions(delimiter="\t", quote_char=False, escape_char=False)
    types = {"code": pa.uint16(), "value": pa.string()}
    convert = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True, check_utf8=False)
    table = csv.read_csv(pa.BufferReader(text), read, parse, convert).combine_chunks()
    return table["code"].chunk(0).to_numpy(), table["value"].chunk(0)


def exact_columns(source: Source, wanted: Wanted, skip: int) -> Iterator[Columns]:
    """Codes and texts of the sites after the first `skip`, through one parser over the whole document.

    Raises DecodeError for a document that is broken, or has a site larger than MAX_SITE.
    """
    from lxml import etree

    spec, string = wanted.spec_of(), etree.XPath("string()")
    parser = _parser(etree.XMLPullParser, events=("end",), tag=["{*}" + wanted.element])
    header: dict[str, str | None] = {}
    parent, seen, since, pending = None, 0, 0, list[Item]()
    with Utf8(source) as stream:
        while True:
            block = stream.read(_CHUNK)
            since += len(block)
            try:
                parser.feed(block) if block else parser.close()
            except etree.XMLSyntaxError as error:
                raise broken(source.name, error.msg or "not well-formed") from error
            for _, site in parser.read_events():
                since = 0
                if not URI.fullmatch(etree.QName(site).namespace or ""):
                    continue
                if site.getparent() is not parent:
                    if pending:
                        yield header, *as_columns(pending)
                    parent, pending, header = site.getparent(), [], _header_above(site)
                seen += 1
                if seen > skip:
                    node = node_of_xml(site, READ_URI, f"{{{XSI}}}type", string)
                    pending += items(spec, node, header.get("lang") or "")
                site.clear(keep_tail=False)
                while site.getprevious() is not None:
                    del parent[0]
                if len(pending) > 100_000:
                    yield header, *as_columns(pending)
                    pending = []
            if since > MAX_SITE:
                raise DecodeError(
                    "a site is too large",
                    where=source.name,
                    found=f"{since} bytes or more",
                    expected=f"at most {MAX_SITE}",
                )
            if not block:
                break
    if pending:
        yield header, *as_columns(pending)


def as_columns(pairs: list[Item]) -> tuple[numpy.ndarray, pyarrow.StringArray]:
    """Items as two parallel columns; an empty text is null."""
    import numpy as np
    import pyarrow as pa

    codes = np.fromiter((code for code, _ in pairs), np.uint16, len(pairs))
    return codes, pa.array([text or None for _, text in pairs], pa.string())


def _header_above(site: Any) -> dict[str, str | None]:
    """What the elements around a site say of the publication."""
    header: dict[str, str | None] = {}
    for above in site.iterancestors():
        header.setdefault("lang", above.get("lang"))
        header["lang"] = header["lang"] or above.get("lang")
        for name, path in _HEADER:
            found = above.find(path)
            if found is not None and name not in header:
                header[name] = " ".join("".join(found.itertext()).split()) or None
    return header


_HEADER = (
    ("publicationTime", "{*}publicationTime"),
    ("publicationCreator_country", "{*}publicationCreator/{*}country"),
    ("publicationCreator_nationalIdentifier", "{*}publicationCreator/{*}nationalIdentifier"),
)


def _parser(kind: Any, **more: Any) -> Any:
    """A parser without entities, network or DTD, and within libxml2's limits of depth and size."""
    return kind(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, **more)
