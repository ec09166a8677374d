"""What a fetch gives: bytes on disk with their hash, or word that nothing changed; and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from euregio.errors import EuregioError, FetchError


@dataclass(frozen=True)
class Validators:
    """What the publisher said last time about one address, and the hash of the bytes that it said it about."""

    sha256: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Fetched:
    """One file as it came, on local disk at `path` (the caller's to move).

    `name` is what a user knows it by; `address` and `headers` (a selection, lower-case names) hold no secrets;
    `fetched_at` is UTC; `status` is None where no HTTP was spoken.
    """

    path: Path
    name: str
    address: str
    sha256: str
    size_bytes: int
    fetched_at: datetime
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def validators(self) -> Validators:
        """For the next conditional request."""
        return Validators(self.sha256, self.headers.get("etag"), self.headers.get("last-modified"))


@dataclass(frozen=True)
class NotModified:
    """The publisher says that `address` still offers the bytes `sha256` that were landed before."""

    address: str
    sha256: str
    checked_at: datetime


class FetchFailed(FetchError):
    """A fetch that failed for good: asking again gives the same. `status` is the HTTP status, if one came."""

    #: Whether a further try of the task would be in vain.
    permanent = True
    status: int | None = None
    #: Seconds that the publisher asked us to wait; None: it said nothing.
    retry_after: float | None = None

    def with_facts(self, status: int | None = None, retry_after: float | None = None) -> FetchFailed:
        """The same error, knowing these facts."""
        self.status, self.retry_after = status, retry_after
        return self

    def at(self, where: str) -> EuregioError:
        """The same error with `where` put in front of its place."""
        moved = super().at(where)
        return moved.with_facts(self.status, self.retry_after) if isinstance(moved, FetchFailed) else moved


class WebPage(FetchFailed):
    """A web page came instead of the data: a log-in or a new address, or five minutes of the publisher's maintenance. So
    a task tries again, a fetch does not."""

    permanent = False


class RetryLater(FetchFailed):
    """A fetch that failed for now: the publisher is down, busy or cut the answer off. `retry_after` says how long the
    publisher asked us to wait, in seconds, if it did."""

    permanent = False
