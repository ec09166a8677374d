"""The link on a web page: for publishers whose file changes its name with each edition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urldefrag

from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, Validators
from euregio.extract.fetch.http import Answer, HttpRequest, Session
from euregio.extract.fetch.secrets import Secrets

_PAGE_CEILING_BYTES = 5_000_000
_LONGEST_LINK = 2000


def fetch_linked(
    request: HttpRequest, into: Path, previous: Mapping[str, Validators], secrets: Secrets | None = None
) -> Fetched | NotModified:
    """Fetch the page at the request's address, find the link that matches the source's `link`, and fetch that.

    Of several matches the last by name is taken: editions carry their date. `previous` is by address of the linked
    file: what is known of one edition says nothing about the next. Raises FetchFailed, RetryLater.
    """
    pattern = request.spec.link
    assert pattern is not None
    with Session(request, secrets or Secrets()) as session:
        shown = session.secrets.masked(session.url)
        page = cast(Answer, session.get(session.url, into, ceiling_bytes=_PAGE_CEILING_BYTES, web_page=True))
        try:
            links = links_of(page.fetched.path)
        finally:
            page.fetched.path.unlink(missing_ok=True)
        matching = sorted({link for link in links if re.search(pattern, unquote(link))})
        if not matching:
            raise FetchFailed(
                "the page has no link that matches", where=shown, found=f"{len(links)} links", expected=pattern,
                do="Open the page, and correct `url` or `link` in the dataset's source.",
            )  # fmt: skip
        try:
            url = session.reach.next_hop(page.url, urldefrag(matching[-1]).url)
        except FetchFailed as error:
            raise error.at(shown) from None
        known = previous.get(session.secrets.masked(url)) if request.spec.conditional else None
        answer = session.get(url, into, previous=known)
        return answer if isinstance(answer, NotModified) else answer.fetched


def links_of(path: Path) -> list[str]:
    """All addresses that a page's links name, in order."""
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            link = dict(attrs).get("href") if tag == "a" else None
            if link and len(link) <= _LONGEST_LINK:
                found.append(link.strip())

    parser = Links(convert_charrefs=True)
    with path.open(encoding="utf-8", errors="replace") as file:
        while text := file.read(1 << 19):
            parser.feed(text)
    return found
