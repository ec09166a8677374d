"""The beginning of a DATEX II document in XML: what it is, and where its first site stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from euregio.errors import DecodeError
from euregio.extract.decode.datex2_text import Utf8
from euregio.extract.decode.datex2_xslt import XSI

#: Namespaces of version 3, its extensions and national profiles among them.
URI = re.compile(r"https?://(?:www\.)?datex2\.eu/schema/3(?:/.*)?")
#: What is read of a site: version 3, and the geometries that some publishers put into its locations as they are in GML.
READ_URI = re.compile(r"https?://(?:www\.)?(?:datex2\.eu/schema/3(?:/.*)?|opengis\.net/gml(?:/3\.\d)?)")
_OTHER_URI = re.compile(r"https?://(?:www\.)?datex2\.eu/schema/(\d[^/]*)")
_BLOCK = 256 * 1024
#: A tag, a comment or a text may not be larger than this, bytes; nor may elements nest deeper.
MAX_TOKEN = 10 * 1024 * 1024
MAX_DEPTH = 120


@dataclass
class Head:
    """What stands before the first site: its place (bytes), the namespaces in force there, the publication's header."""

    offset: int
    namespaces: dict[str, str]
    header: dict[str, str | None]


class _Found(Exception):
    """Stops expat; its argument is the place of the tag, bytes."""


@dataclass
class HeadReader:
    """Reads a document with expat up to the first `element` of version 3; `wanted` is the publication it must hold."""

    element: str
    wanted: str
    name: str
    header: dict[str, str | None] = field(default_factory=dict)
    _path: list[str] = field(default_factory=list)
    _prefixes: dict[str, list[str]] = field(default_factory=dict)
    _publications: list[str] = field(default_factory=list)
    _uris: set[str] = field(default_factory=set)
    _root: str = ""
    _expat: Any = None
    _foreign: str = ""
    _text: list[str] | None = None
    _new: list[str] = field(default_factory=list)

    def read(self, stream: Utf8) -> Head | None:
        """The head, or None where a publication of the wanted kind holds no site. Raises DecodeError."""
        parser = self._parser()
        fed = 0
        try:
            while block := stream.read(_BLOCK):
                parser.Parse(block, False)
                fed += len(block)
                if fed - parser.CurrentByteIndex > MAX_TOKEN:
                    raise DecodeError(
                        "a single tag or comment is too large", where=self.name, found=f"{MAX_TOKEN} bytes or more"
                    )
            parser.Parse(b"", True)
        except _Found as found:
            for prefix in self._new:
                self._prefixes[prefix].pop()
            namespaces = {prefix: uris[-1] for prefix, uris in self._prefixes.items() if uris}
            return Head(found.args[0], namespaces, self.header)
        except expat.ExpatError as error:
            raise broken(self.name, str(error)) from error
        self._explain()
        return None

    def _parser(self) -> Any:
        parser = self._expat = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartNamespaceDeclHandler = self._bind
        parser.EndNamespaceDeclHandler = lambda prefix: self._prefixes[prefix or ""].pop()
        parser.StartDoctypeDeclHandler = lambda *_: refuse_dtd(self.name)
        return parser

    def _bind(self, prefix: str | None, uri: str) -> None:
        self._prefixes.setdefault(prefix or "", []).append(uri or "")
        self._uris.add(uri or "")
        self._new.append(prefix or "")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        uri, _, local = tag.rpartition(" ")
        self._root = self._root or local
        if len(self._path) > MAX_DEPTH:
            raise DecodeError("the elements nest too deep", where=self.name, found=f"{MAX_DEPTH} levels or more")
        if local == self.element and URI.fullmatch(uri):
            raise _Found(self._expat.CurrentByteIndex)
        if local == self.element:
            self._foreign = uri or "none"
        self._new = []
        publication = attributes.get(f"{XSI} type", "").rpartition(":")[2] or local
        if publication[-11:].lower() == "publication" and URI.fullmatch(uri):
            self._publications.append(publication)
            self.header = {}
        if "lang" in attributes and len(self._path) < 6 and not self.header.get("lang"):
            self.header["lang"] = attributes["lang"]
        self._path.append(local)
        self._text = [] if _header_name(self._path) else None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, _tag: str) -> None:
        name = _header_name(self._path)
        if name and self._text is not None:
            self.header.setdefault(name, " ".join("".join(self._text).split()) or None)
        self._text = None
        self._path.pop()

    def _explain(self) -> None:
        """Say what the document is, where it is not what was wanted."""
        wanted = self.wanted[0].lower() + self.wanted[1:]
        if self._foreign and not self._foreign.startswith("http://datex2.eu/"):
            raise DecodeError("the sites are not in a namespace of DATEX II", where=self.name, found=self._foreign,
                              expected="http://datex2.eu/schema/3/…")  # fmt: skip
        if any(name[0].lower() + name[1:] == wanted for name in self._publications):
            return
        version = next((m[1] for uri in sorted(self._uris) if (m := _OTHER_URI.match(uri)) and m[1] != "3"), None)
        if self._publications:
            raise DecodeError("this is another DATEX II publication", where=self.name,
                              found=", ".join(sorted(set(self._publications))), expected=self.wanted)  # fmt: skip
        if version:
            raise DecodeError("this is another version of DATEX II", where=self.name, found=f"version {version.replace('_', '.')}",
                              expected="version 3")  # fmt: skip
        if not any(URI.fullmatch(uri) for uri in self._uris):
            raise DecodeError("this XML is not DATEX II version 3", where=self.name, found=f"root element {self._root}",
                              expected=f"a {self.wanted} in the namespaces http://datex2.eu/schema/3/…")  # fmt: skip
        raise DecodeError("the document holds no publication of the wanted kind", where=self.name,
                          found=f"root element {self._root}", expected=self.wanted)  # fmt: skip


def _header_name(path: list[str]) -> str | None:
    if path[-1] == "publicationTime":
        return "publicationTime"
    if path[-2:-1] == ["publicationCreator"] and path[-1] in ("country", "nationalIdentifier"):
        return f"publicationCreator_{path[-1]}"
    return None


class Skeleton:
    """The document without its sites, parsed to its end: proves that it is whole."""

    def __init__(self, element: str, name: str) -> None:
        self.has_site = False
        self._name, self._element = name, element
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartDoctypeDeclHandler = lambda *_: refuse_dtd(name)

    def feed(self, part: bytes) -> None:
        self._parse(part, False)

    def finish(self, tail: bytes) -> None:
        """Parse what follows the last site; `has_site` tells whether there is one after all. Raises DecodeError."""
        self._parser.StartElementHandler = self._start
        self._parse(tail, True)

    def _parse(self, part: bytes, final: bool) -> None:
        try:
            self._parser.Parse(part, final)
        except expat.ExpatError as error:
            if not self.has_site:
                raise broken(self._name, expat.errors.messages[error.code]) from error

    def _start(self, tag: str, _attributes: object) -> None:
        if tag.rpartition(" ")[2] == self._element:
            self.has_site = True


def broken(name: str, said: str) -> DecodeError:
    """The error of a document that is no well-formed XML: `said` is what the parser said of it."""
    return DecodeError(
        "the XML is broken or cut off", where=name, found=said, do="Fetch it again, or ask the publisher."
    )


def refuse_dtd(name: str) -> Iterator[None]:
    """Refuse a document with a DTD, by raising at the first step of a parse."""
    raise DecodeError("the XML declares a document type (DTD), which could define entities", where=name,
                      expected="no DOCTYPE: DATEX II has none")  # fmt: skip
