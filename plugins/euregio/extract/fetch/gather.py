"""All bytes of one dataset, as its source declares them: the one door of this room."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from euregio.declarations.source import PERIOD_PART, SourceSpec
from euregio.errors import FetchError
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, Validators
from euregio.extract.fetch.files import fetch_files
from euregio.extract.fetch.http import HttpRequest, fetch_http
from euregio.extract.fetch.link import fetch_linked
from euregio.extract.fetch.paging import fetch_pages
from euregio.extract.fetch.secrets import Secrets

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")
_PLAIN_PERIOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+:-]{0,39}")


def gather(
    spec: SourceSpec,
    into: Path,
    *,
    period: str | None = None,
    root: str | None = None,
    previous: Mapping[str, Validators] | None = None,
    secrets: Secrets | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Fetched | NotModified]:
    """Fetch every file of the dataset into the folder `into`, in the declared order; all of them or none.

    `period` fills `{period}`, `{year}`, `{month}`, `{day}`; `root` is the profile's folder or S3 prefix for files;
    `previous` is what landing knows (landing.validators); `secrets` fills placeholders (from the environment by default).
    Raises FetchFailed (for good) or RetryLater (for now: its `retry_after` says how many seconds to wait).
    """
    results: list[Fetched | NotModified] = []
    previous, secrets = previous or {}, secrets or Secrets()
    try:
        for declared in spec.urls:
            url = with_period(declared, period)
            if not spec.by_http:
                base = root or _folder_of(url)
                options: dict[str, Any] = {
                    "previous": previous if spec.conditional else {},
                    "storage_options": storage_options,
                }
                results += fetch_files(url, base, into, ceiling_bytes=spec.ceiling_bytes, **options)
                continue
            request = HttpRequest(url, spec)
            if spec.paging:
                results += fetch_pages(request, into, secrets)
            elif spec.link:
                results.append(fetch_linked(request, into, previous, secrets))
            else:
                known = previous.get(secrets.masked(secrets.fill(url, in_address=True)))
                results.append(fetch_http(request, into, known, secrets))
    except BaseException:
        for result in results:
            if isinstance(result, Fetched):
                result.path.unlink(missing_ok=True)
        raise
    return results


def with_period(url: str, period: str | None) -> str:
    """The address with the parts of the period filled in. Raises FetchError where the period has no such part."""
    parts = {"period": period} | (found.groupdict() if (found := _PERIOD.match(period or "")) else {})

    def part(match: re.Match[str]) -> str:
        value = parts.get(match[1])
        if not value or not _PLAIN_PERIOD.fullmatch(value):
            raise FetchFailed("the run's period does not fill the address", where=url, found=period, expected=match[0])
        return value

    return PERIOD_PART.sub(part, url)


def _folder_of(url: str) -> str:
    """An object store's bucket is its own root; a local path needs one, which the profile names."""
    if url.startswith("s3://"):
        return "/".join(url.split("/", 3)[:3])
    raise FetchError("no root is named for files", where=url, do="Name `root` in the profile.")
