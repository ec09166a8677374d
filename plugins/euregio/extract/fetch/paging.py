"""Answers in pages: follow them to the end, each page a file of its own, and notice when pages are missing or go round."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

from euregio.declarations.source import Paging
from euregio.extract.decode.json_scan import DepthGuard
from euregio.extract.fetch.fetched import Fetched, FetchFailed, RetryLater
from euregio.extract.fetch.http import Answer, HttpRequest, Session
from euregio.extract.fetch.secrets import Secrets
from euregio.extract.fetch.unpack import too_large


@dataclass(frozen=True)
class _Content:
    """What a page says: number of records (None where it is no JSON), and the next address in it."""

    records: int | None
    next_address: str | None


def fetch_pages(request: HttpRequest, into: Path, secrets: Secrets | None = None) -> list[Fetched]:
    """Fetch all pages from one declared address, in order. Pages without records are left out, but for a lone one.

    Raises FetchFailed for pages that go round, that never end (`max_pages`) or pass the ceiling together; RetryLater
    where a publisher gives fewer records than it counts. Then `into` holds nothing new.
    """
    made: list[Path] = []
    try:
        with Session(request, secrets or Secrets()) as session:
            return list(_Walk(session, request, into, made))
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


class _Walk:
    def __init__(self, session: Session, request: HttpRequest, into: Path, made: list[Path]) -> None:
        assert request.spec.paging is not None
        self.session, self.paging, self.into, self.made = session, request.spec.paging, into, made
        self.ceiling = request.spec.ceiling_bytes

    def __iter__(self) -> Iterator[Fetched]:
        url, urls, hashes = self._first(), set[str](), dict[str, int]()
        size = records = number = landed = 0
        offset, may_end = self.paging.first_offset, False
        while True:
            number += 1
            if number > self.paging.max_pages:
                raise self._failed("the pages do not end", found=f"more than {self.paging.max_pages} pages")
            if url in urls:
                raise self._failed("the pages go round: this address was fetched before", where=self._shown(url))
            urls.add(url)
            answer = self._page(url, size, may_end)
            if answer is None:
                return
            self.made.append(answer.fetched.path)
            content = self._content(answer)
            size += answer.fetched.size_bytes
            if answer.fetched.sha256 in hashes and content.records != 0:
                raise self._failed(
                    f"page {number} is page {hashes[answer.fetched.sha256]} again: the publisher does not turn pages this way",
                    where=self._shown(url),
                )
            hashes[answer.fetched.sha256] = number
            records += content.records or 0
            following, total = self._next(answer, content, url), _number(answer.headers.get("x-total-count"))
            if content.records == 0 and (landed or following):
                answer.fetched.path.unlink(missing_ok=True)
            else:
                landed += 1
                yield replace(answer.fetched, name=_page_name(answer.fetched.name, number))
            if self.paging.kind == "offset-limit":
                if content.records is None:
                    raise self._failed(
                        "a page is no JSON, so that its records cannot be counted", where=self._shown(url)
                    )
                full, all_came = content.records >= (self.paging.limit or 1), records == total
                # Some servers count the page only: so a full first page that is "all" is asked beyond, and a count
                # that was passed is not believed.
                if content.records and (not all_came or (number == 1 and full and self.paging.limit)):
                    offset += 1 if self.paging.offset_counts == "pages" else content.records
                    following, may_end = self._with(url, self.paging.offset_parameter, offset), all_came or not full
            if following is None:
                if total is not None and content.records is not None and records < total:
                    raise RetryLater(
                        "the publisher gives fewer records than it counts", where=self._shown(self.session.url), found=records,
                        expected=f"{total} (X-Total-Count)", do="If it stays, see how the publisher turns pages.",
                    ).with_facts(retry_after=60)  # fmt: skip
                return
            url = following

    def _first(self) -> str:
        url = self.session.url
        if self.paging.limit is not None:
            url = self._with(url, self.paging.limit_parameter, self.paging.limit)
        if self.paging.kind == "offset-limit":
            url = self._with(url, self.paging.offset_parameter, self.paging.first_offset)
        return url

    def _page(self, url: str, size: int, may_end: bool) -> Answer | None:
        """The page; None where an offset beyond the end is answered with 404 or 416."""
        if size >= self.ceiling:
            raise too_large(size, self.ceiling).at(self._shown(self.session.url))
        try:
            return cast(Answer, self.session.get(url, self.into, ceiling_bytes=self.ceiling - size))
        except FetchFailed as error:
            if may_end and error.status in (404, 416):
                return None
            raise

    def _next(self, answer: Answer, content: _Content, url: str) -> str | None:
        """The address of the next page, if the page names one."""
        if self.paging.kind == "link-header":
            named = next_link(answer.headers)
        else:
            named = content.next_address if self.paging.kind == "next-field" else None
        if not named:
            return None
        if urlsplit(answer.url).scheme == "https" and named.startswith("http://"):
            named = "https://" + named.removeprefix("http://")  # servers behind a proxy do not know their own name
        try:
            return self.session.reach.next_hop(answer.url, named)
        except FetchFailed as error:
            raise error.at(self._shown(url)) from None

    def _content(self, answer: Answer) -> _Content:
        """Read the page once, as a stream, for its number of records and its next address."""
        path = answer.fetched.path
        try:
            with path.open("rb") as file:
                head = file.read(2)
                file.seek(0)
                if head == b"\x1f\x8b":
                    unpacked = _Bounded(cast(IO[bytes], gzip.GzipFile(fileobj=file)), self.ceiling)
                    return read_page(cast(IO[bytes], unpacked), self.paging)
                return read_page(file, self.paging)
        except (OSError, EOFError, zlib.error) as error:
            raise RetryLater("a page is broken or cut off", where=answer.fetched.address, found=str(error)) from None

    def _with(self, url: str, name: str, value: int) -> str:
        """The address with this parameter set (and set once)."""
        parts = urlsplit(url)
        kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
        return urlunsplit(parts._replace(query=urlencode([*kept, (name, str(value))])))

    def _shown(self, url: str) -> str:
        return self.session.secrets.masked(url)

    def _failed(self, what: str, *, where: str | None = None, found: str | None = None) -> FetchFailed:
        return FetchFailed(
            what, where=where or self._shown(self.session.url), found=found,
            do="See how the publisher turns pages, and declare it in the source's `paging`.",
        )  # fmt: skip


def next_link(headers: httpx.Headers) -> str | None:
    """The address with rel=next in the Link header (RFC 8288)."""
    for text in headers.get_list("link"):
        # httpx splits at every ", <", which is right for all but addresses that hold that themselves.
        for link in httpx.Response(200, headers={"link": text}).links.values():
            if "next" in link.get("rel", "").lower().split():
                return link.get("url")
    return None


def read_page(file: IO[bytes], paging: Paging) -> _Content:
    """Count the records of a JSON page and find its next address, as a stream; nothing of it is kept in memory.

    The records are the list at `items_field`; where none is named, the document itself or its field `data`.
    A page that is no JSON has neither.
    """
    import ijson

    wanted = [paging.items_field] if paging.items_field else ["", "data"]
    counts: dict[str, int] = {}
    found: str | None = None
    depth, inside = 0, None
    try:
        for prefix, event, value in ijson.parse(DepthGuard(file), use_float=True):
            if inside is None:
                if event == "start_array" and prefix in wanted and prefix not in counts:
                    inside, depth = prefix, 0
                    counts[prefix] = 0
                elif prefix == paging.next_field and event == "string":
                    found = value
                continue
            if event in ("start_map", "start_array"):
                counts[inside] += depth == 0
                depth += 1
            elif event in ("end_map", "end_array"):
                depth -= 1
                if depth < 0:
                    inside = None
            elif depth == 0 and event != "map_key":
                counts[inside] += 1
    except (ijson.JSONError, ValueError):
        return _Content(None, None)
    return _Content(next(iter(counts.values()), None), found)


class _Bounded:
    """A file that refuses to give more than so many bytes: pages may be packed, and packed pages may be bombs."""

    def __init__(self, file: IO[bytes], ceiling_bytes: int) -> None:
        self._file, self._ceiling, self._size = file, ceiling_bytes, 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if size >= 0 else 65536)
        self._size += len(data)
        if self._size > self._ceiling:
            raise too_large(self._size, self._ceiling)
        return data


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None


def _page_name(name: str, number: int) -> str:
    """`locations.json.gz`, 3 -> `locations-page0003.json.gz`."""
    stem, dot, suffix = name.partition(".")
    return f"{stem}-page{number:04d}{dot}{suffix}"
