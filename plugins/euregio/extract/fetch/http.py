"""Bytes over HTTP: one address to one file on disk, politely, within limits, whole or not at all."""

from __future__ import annotations

import contextlib
import contextvars
import fnmatch
import hashlib
import logging
import random
import ssl
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from euregio import __version__
from euregio.declarations.source import SourceSpec
from euregio.extract.fetch.addresses import Reach, file_name, host_of, origin
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, RetryLater, Validators, WebPage
from euregio.extract.fetch.hosts import turn
from euregio.extract.fetch.secrets import Secrets
from euregio.extract.fetch.unpack import Broken, plain_pieces, too_large
from euregio.extract.fetch.watch import Watch

#: Longest wait inside a task, and longest that a publisher's Retry-After may ask of the schedule, seconds.
LONGEST_WAIT, LONGEST_RETRY_AFTER = 60.0, 86_400.0
MAX_REDIRECTS = 8
_BACKOFF_SECONDS = 1.0
_REDIRECTS = (301, 302, 303, 307, 308)
_FOR_NOW = frozenset({408, 421, 425, 429, 500, 502, 503, 504, 509, *range(520, 531)})
_WEB_PAGE = ("text/html", "application/xhtml+xml")
_KEPT_HEADERS = (
    "content-type", "content-encoding", "content-length", "content-disposition", "content-language", "etag",
    "last-modified", "date", "expires", "cache-control", "retry-after", "x-total-count", "x-limit", "link",
)  # fmt: skip
_WHAT_TO_DO = {
    401: "The publisher wants a (new) key: check the secret that the source's headers name.",
    403: "The publisher refuses this key or address: check the secret and the terms of use.",
    404: "The address has moved: look it up at the publisher and correct the source's url.",
    410: "The publisher has withdrawn it: look for its successor and correct the source's url.",
}

sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class HttpRequest:
    """One address to fetch: `url` with its placeholders still in it, and the source it belongs to (headers, limits)."""

    url: str
    spec: SourceSpec


@dataclass(frozen=True)
class Answer:
    """What one request gave: the file, and what stays inside this process: the real `url` and all `headers`."""

    fetched: Fetched
    url: str = field(repr=False)
    headers: httpx.Headers = field(repr=False)


def fetch_http(
    request: HttpRequest, into: Path, previous: Validators | None = None, secrets: Secrets | None = None
) -> Fetched | NotModified:
    """Fetch one address into a new file in the folder `into`; with `previous`, only if it has changed.

    The bytes are what the publisher offers: a Content-Encoding (a matter of the transfer) is removed, a file that is
    itself packed (application/gzip) stays as it is. Memory does not grow with the file. Raises FetchFailed (for
    good) or RetryLater (for now, after `attempts` tries); then `into` holds nothing new.
    """
    with Session(request, secrets or Secrets()) as session:
        answer = session.get(session.url, into, previous=previous if request.spec.conditional else None)
        return answer if isinstance(answer, NotModified) else answer.fetched


class Session:
    """Requests to one declared address and to where it leads (redirects, pages, a link): one connection, one set of
    secrets, which are sent to the declared origin only."""

    def __init__(self, request: HttpRequest, secrets: Secrets) -> None:
        spec = self.spec = request.spec
        self.secrets = secrets
        self.url = secrets.fill(request.url, in_address=True)
        self.reach = Reach(self.url)
        self._plain_headers = {
            "User-Agent": f"Euregio/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
        }
        self._origin_headers: dict[str, str] = {}
        for name, text in spec.headers.items():
            filled = secrets.fill(text)
            if not filled.isascii():
                raise FetchFailed(
                    "a header holds a character that no header may hold", where=name, expected="plain ASCII"
                )
            (self._plain_headers if filled == text else self._origin_headers)[name] = filled
        self._watch = Watch()
        # One connection, so that the watch knows which socket to close; no proxy for the node's own hosts.
        proxy = _proxy_for(self.url)
        self._check_peer = proxy is None
        self._client = httpx.Client(
            verify=self._tls(), proxy=proxy, trust_env=False, follow_redirects=False,
            timeout=httpx.Timeout(spec.timeouts.read, connect=spec.timeouts.connect),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )  # fmt: skip

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._watch.let_go()

    def get(
        self,
        url: str,
        into: Path,
        *,
        previous: Validators | None = None,
        ceiling_bytes: int | None = None,
        web_page: bool = False,
    ) -> Answer | NotModified:
        """Fetch `url` (secrets filled) with retries. `web_page`: HTML is what we want. Raises FetchFailed, RetryLater."""
        shown = self.secrets.masked(url)
        for attempt in range(1, self.spec.attempts + 1):
            try:
                return self._attempt(url, shown, into, previous, ceiling_bytes or self.spec.ceiling_bytes, web_page)
            except RetryLater as error:
                own = random.uniform(0.5, 1) * min(_BACKOFF_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT)
                wait = max(own, error.retry_after or 0)
                if attempt == self.spec.attempts or wait > LONGEST_WAIT:
                    raise
                sleep(wait)
        raise AssertionError("unreachable")

    def _attempt(
        self, url: str, shown: str, into: Path, previous: Validators | None, ceiling: int, web_page: bool
    ) -> Answer | NotModified:
        """One try, redirects included. Whatever fails leaves as FetchFailed or RetryLater, without secrets."""
        try:
            with _quiet():
                return self._follow(url, shown, into, previous, ceiling, web_page)
        except FetchFailed as error:
            raise error.at(shown) from None
        except (httpx.TransportError, Broken, ssl.SSLError) as error:
            raise self._failure(error).at(shown) from None
        except (httpx.InvalidURL, httpx.RequestError, UnicodeError) as error:
            raise FetchFailed(
                "the address or a header is none", where=shown, found=self.secrets.masked(str(error))
            ) from None
        except OSError as error:
            raise RetryLater(
                "the bytes cannot be written here", where=shown, found=error.strerror, do="Check the disk."
            ) from None

    def _follow(
        self, url: str, shown: str, into: Path, previous: Validators | None, ceiling: int, web_page: bool
    ) -> Answer | NotModified:
        for _ in range(MAX_REDIRECTS + 1):
            self.reach.check(url)
            with self._asked(url, previous) as response:
                location = response.headers.get("location")
                if response.status_code in _REDIRECTS and location:
                    target = self.reach.next_hop(url, location)
                    if self.spec.certificate and origin(target) != origin(self.url):
                        raise FetchFailed(
                            "the publisher sends us, with our certificate, to another host", found=host_of(target)
                        )
                    url = target
                    continue
                if response.status_code == 304 and previous is not None:
                    return NotModified(shown, previous.sha256, datetime.now(UTC))
                self._accept(response, ceiling, web_page)
                return self._land(response, url, shown, into, ceiling, web_page)
        raise FetchFailed(
            "the publisher sends us from address to address without end", found=f"{MAX_REDIRECTS} redirects"
        )

    @contextlib.contextmanager
    def _asked(self, url: str, previous: Validators | None) -> Iterator[httpx.Response]:
        """The answer to one request, headers read; its body is still to come."""
        headers = dict(self._plain_headers)
        if origin(url) == origin(self.url):
            headers |= self._origin_headers
            given = {"If-None-Match": previous.etag, "If-Modified-Since": previous.last_modified} if previous else {}
            # What a publisher wrote into its answer need not be fit for a request.
            headers |= {name: text for name, text in given.items() if text and text.isascii() and text.isprintable()}
        host = host_of(url)

        def connected(event: str, facts: dict[str, Any]) -> None:
            if event.endswith("connect_tcp.complete"):
                stream = facts["return_value"]
                try:
                    self._watch.follow(stream.get_extra_info("socket"))
                    if self._check_peer:
                        self.reach.check_peer(host, str(stream.get_extra_info("server_addr")[0]))
                except BaseException:
                    stream.close()
                    raise

        with (
            turn(":".join(map(str, origin(url)[1:])), self.spec.max_concurrent, self.spec.min_interval_seconds),
            self._watch.limited(self.spec.timeouts.total),
        ):
            request = self._client.build_request("GET", url, headers=headers, extensions={"trace": connected})
            response = self._client.send(request, stream=True)
            try:
                yield response
            finally:
                response.close()

    def _accept(self, response: httpx.Response, ceiling: int, web_page: bool) -> None:
        """Refuse an answer that is not the dataset, before its body is read."""
        status, headers = response.status_code, response.headers
        if status in _FOR_NOW or status == 204:
            what = (
                "the publisher offers nothing at the moment"
                if status == 204
                else "the publisher cannot answer at the moment"
            )
            wait = retry_after(headers.get("retry-after"))
            raise RetryLater(what, found=f"HTTP {status}", do="Run again later.").with_facts(status, wait)
        if status not in (200, 203):
            do = _WHAT_TO_DO.get(status, "Check the address in the dataset's source.")
            raise FetchFailed("the publisher refuses", found=f"HTTP {status}", expected="HTTP 200", do=do).with_facts(
                status
            )
        media = headers.get("content-type", "").split(";")[0].strip().lower()
        wanted = self.spec.content_types
        if not web_page and (
            (media in _WEB_PAGE and media not in wanted)
            or (wanted and media and not any(fnmatch.fnmatchcase(media, kind.lower()) for kind in wanted))
        ):
            is_page = media in _WEB_PAGE
            raise (WebPage if is_page else FetchFailed)(
                "the answer is a web page, not data" if is_page else "the answer is of another kind",
                found=f"Content-Type: {media}", expected=", ".join(wanted) or "data",
                do="See whether the address moved or wants a log-in; if this kind is right, add it to `content_types`.",
            ).with_facts(status)  # fmt: skip
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > ceiling:
            raise too_large(int(length), ceiling).with_facts(status)

    def _land(self, response: httpx.Response, url: str, shown: str, into: Path, ceiling: int, web_page: bool) -> Answer:
        """Stream the body to a new file, hashing on the way."""
        into.mkdir(parents=True, exist_ok=True)
        path = into / f"{uuid.uuid4().hex}.fetched"
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as file:
                for piece in plain_pieces(
                    response.iter_raw(65536), response.headers.get("content-encoding", ""), ceiling
                ):
                    if not size and not web_page:
                        _refuse_a_web_page(piece)
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    self._watch.check()
            if not size:
                raise Broken("the answer is empty")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        name = file_name(shown, self.secrets.masked(response.headers.get("content-disposition", "")))
        kept = {
            name: self.secrets.masked(response.headers[name])[:500]
            for name in _KEPT_HEADERS
            if name in response.headers
        }
        fetched = Fetched(path, name, shown, digest.hexdigest(), size, datetime.now(UTC), response.status_code, kept)
        return Answer(fetched, url, response.headers)

    def _failure(self, error: Exception) -> FetchFailed:
        """A library's error in our words."""
        said = self.secrets.masked(str(error) or type(error).__name__)
        if self._watch.expired or isinstance(error, httpx.TimeoutException):
            limits = self.spec.timeouts
            found = f"{limits.total:g} s altogether" if self._watch.expired else type(error).__name__
            return RetryLater(
                "the publisher did not answer in time", found=found, do="Run again later, or raise `timeouts`."
            )
        if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
            return FetchFailed("the address or a header is none", found=said)
        if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in said:
            return FetchFailed(
                "the publisher's certificate is not trusted", found=said, do="Check it; never switch the check off."
            )
        if isinstance(error, httpx.ConnectError | httpx.ProxyError):
            return RetryLater("the publisher cannot be reached", found=said, do="Check the address and the network.")
        return RetryLater("the answer is broken or cut off", found=said, do="Run again later.")

    def _tls(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context()
        if self.spec.certificate:
            path = self.secrets.fill(self.spec.certificate)
            try:
                context.load_cert_chain(path)
            except (OSError, ssl.SSLError) as error:
                raise FetchFailed(
                    "the client certificate cannot be read", where=self.spec.certificate, found=type(error).__name__,
                    expected="a PEM file with certificate and unencrypted key",
                ) from None  # fmt: skip
        return context


def retry_after(text: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, at most a day; None where it says nothing that can be read."""
    if not text:
        return None
    text = text.strip()
    if text.isdecimal() and text.isascii():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0), LONGEST_RETRY_AFTER)


def _refuse_a_web_page(head: bytes) -> None:
    text = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        raise WebPage(
            "the answer is a web page, not data", found="a body that begins as HTML does",
            do="The address answers with an error or a log-in, or it has moved.",
        )  # fmt: skip


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address."""
    scheme, host, port = origin(url)
    if Reach(url).is_inside or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(scheme) or proxies.get("all")


# httpx and httpcore log whole addresses and headers. While we ask, in this thread, they are silent.
_asking: contextvars.ContextVar[bool] = contextvars.ContextVar("asking", default=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    before = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(before)


def _not_while_asking(_: logging.LogRecord) -> bool:
    return not _asking.get()


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"):
    logging.getLogger(_name).addFilter(_not_while_asking)
