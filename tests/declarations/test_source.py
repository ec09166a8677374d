"""The `source:` section is read strictly: unknown keys, unsafe headers and written-out secrets are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from euregio.declarations.source import Paging, SourceSpec

ADDRESS = "https://example.org/x.json"


def test_an_address_is_enough() -> None:
    spec = SourceSpec(url=ADDRESS)
    assert (spec.urls, spec.by_http, spec.ceiling_bytes, spec.conditional) == ((ADDRESS,), True, 2_000_000_000, True)


def test_paging_may_be_named_or_described() -> None:
    assert SourceSpec(url=ADDRESS, paging="link-header").paging == Paging(kind="link-header")
    assert SourceSpec(url=ADDRESS, paging={"kind": "offset-limit", "limit": 50}).paging.limit == 50


def test_files_are_declared_by_path_and_may_be_several() -> None:
    spec = SourceSpec(url=["de/Register 2026.csv", "de/*.xlsx"])
    assert not spec.by_http
    assert len(spec.urls) == 2


@pytest.mark.parametrize(
    "good",
    [
        {"url": "https://example.org/{year}/{month}.csv?token=${KEY}"},
        {"url": "https://example.org/${KEY}/x?authority=NL&page_size=3"},
        {"url": ADDRESS, "headers": {"Authorization": "Bearer ${KEY}", "Accept-Encoding": "gzip"}},
        {"url": ADDRESS, "headers": {"Authorization": "Basic ${conn:example:extra}"}},
        {"url": ADDRESS, "certificate": "${CERT}"},
    ],
)
def test_secrets_are_named(good: dict[str, object]) -> None:
    SourceSpec(**good)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "url"),
        ({"url": ""}, "empty"),
        ({"url": ()}, "no address"),
        ({"url": "ftp://example.org/x"}, "ftp:// is not supported"),
        ({"url": "https:///x"}, "names no host"),
        ({"url": "https://example.org/a b"}, "blank"),
        ({"url": "https://me:pw@example.org/x"}, "do not belong into an address"),
        ({"url": f"{ADDRESS}?token=abc"}, "'token' is a secret"),
        ({"url": f"{ADDRESS}?x=1&api_key=abc"}, "'api_key' is a secret"),
        ({"url": "https://example.org/{country}"}, "{country} is unknown"),
        ({"url": "https://example.org/${key}"}, "broken placeholder"),
        ({"url": "https://example.org/${AIRFLOW__CORE__FERNET_KEY}"}, "variable of the node itself"),
        ({"url": [ADDRESS, "x.csv"]}, "mix HTTP and files"),
        ({"url": "x.csv", "paging": "link-header"}, "belong to http"),
        ({"url": ADDRESS, "link": "[", }, "no regular expression"),
        ({"url": ADDRESS, "link": "x", "paging": "link-header"}, "exclude each other"),
        ({"url": ADDRESS, "paging": "cursor"}, "offset-limit"),
        ({"url": ADDRESS, "paging": {"kind": "offset-limit", "limit": 0}}, "greater than or equal to 1"),
        ({"url": ADDRESS, "headers": {"Apikey": "abc"}}, "'Apikey' is a secret"),
        ({"url": ADDRESS, "headers": {"Cookie": "abc"}}, "'Cookie' is a secret"),
        ({"url": ADDRESS, "headers": {"Host": "x"}}, "written by the transport"),
        ({"url": ADDRESS, "headers": {"If-None-Match": "x"}}, "written by the transport"),
        ({"url": ADDRESS, "headers": {"X-A": "a\r\nX-B: b"}}, "line break"),
        ({"url": ADDRESS, "headers": {"X A": "a"}}, "no name of a header"),
        ({"url": ADDRESS, "headers": {"Accept-Encoding": "br"}}, "may ask for gzip"),
        ({"url": ADDRESS, "ceiling": 5}, "Extra inputs"),
        ({"url": ADDRESS, "ceiling_bytes": 0}, "greater than or equal to 1"),
        ({"url": ADDRESS, "timeouts": {"read": 0}}, "greater than 0"),
        ({"url": ADDRESS, "certainty": "maybe"}, "'sure', 'likely'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_reason(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as failure:
        SourceSpec(**wrong)
    assert said in str(failure.value)
