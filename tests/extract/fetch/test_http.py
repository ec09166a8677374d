"""Fetching one address: what comes through, what is tried again, what is refused; against real loopback servers."""

from __future__ import annotations

import gzip
import hashlib
import logging
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from publisher import Asked, Publisher, Reply

from euregio.declarations.source import SourceSpec
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, RetryLater, Validators, WebPage
from euregio.extract.fetch.http import HttpRequest, fetch_http, retry_after

DATA = b'{"data": [1, 2, 3]}' * 1000


def fetch(url: str, into: Path, previous: Validators | None = None, **source: object) -> Fetched | NotModified:
    return fetch_http(HttpRequest(url, SourceSpec(url=url, **source)), into, previous)


def test_the_bytes_come_with_their_hash_size_and_headers(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a/locations.json"] = Reply(body=DATA, headers={"ETag": '"1"', "Content-Type": "application/json"})
    got = fetch(f"{publisher.base}/a/locations.json", tmp_path)
    assert got.path.read_bytes() == DATA
    assert (got.sha256, got.size_bytes, got.status) == (hashlib.sha256(DATA).hexdigest(), len(DATA), 200)
    assert got.name == "locations.json"
    assert got.headers["etag"] == '"1"'
    assert got.fetched_at.tzinfo is UTC
    assert publisher.asked[0].headers["user-agent"].startswith("Euregio/")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(DATA)),
        ("x-gzip", gzip.compress(DATA)),
        ("gzip", gzip.compress(DATA[:7000]) + gzip.compress(DATA[7000:])),
        ("gzip", gzip.compress(DATA) + b"\x00" * 512),
        ("deflate", zlib.compress(DATA)),
        ("deflate", zlib.compress(DATA)[2:-4]),
        ("identity", DATA),
        ("aws-chunked", DATA),
        ("gzip", DATA),  # says gzip and is not
    ],
)
def test_content_encoding_is_removed(publisher: Publisher, tmp_path: Path, encoding: str, packed: bytes) -> None:
    publisher.on["/x"] = Reply(body=packed, headers={"Content-Encoding": encoding})
    assert fetch(f"{publisher.base}/x", tmp_path).path.read_bytes() == DATA


def test_a_packed_file_without_content_encoding_stays_as_it_is(publisher: Publisher, tmp_path: Path) -> None:
    packed = gzip.compress(DATA)
    publisher.on["/x.json.gz"] = Reply(body=packed, headers={"Content-Type": "application/gzip"})
    assert fetch(f"{publisher.base}/x.json.gz", tmp_path).path.read_bytes() == packed


def test_an_unknown_packing_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=b"...", headers={"Content-Encoding": "br"})
    with pytest.raises(FetchFailed, match="not asked for; found Content-Encoding: br"):
        fetch(f"{publisher.base}/x", tmp_path)


def test_a_conditional_request_sends_both_validators_and_understands_304(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(304)
    known = Validators("ab" * 32, '"tag"', "Fri, 20 Nov 2026 10:00:00 GMT")
    got = fetch(f"{publisher.base}/x", tmp_path, known)
    assert isinstance(got, NotModified)
    assert got.sha256 == "ab" * 32
    assert publisher.asked[0].headers["if-none-match"] == '"tag"'
    assert publisher.asked[0].headers["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"


def test_no_validators_are_sent_where_a_publisher_is_known_to_lie(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=DATA)
    assert isinstance(fetch(f"{publisher.base}/x", tmp_path, Validators("a" * 64, '"t"'), conditional=False), Fetched)
    assert "if-none-match" not in publisher.asked[0].headers


def test_a_strange_validator_costs_a_fetch_and_no_more(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=DATA)
    for etag in ('"é"', '"a\r\nX-Evil: 1"', '"\x00"'):
        assert isinstance(fetch(f"{publisher.base}/x", tmp_path, Validators("a" * 64, etag)), Fetched)
        assert not {"if-none-match", "x-evil"} & set(publisher.asked[-1].headers)


def test_a_proxy_is_used_for_public_hosts_only(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", publisher.base)
    publisher.on["http://publisher.example/x"] = Reply(body=b"by proxy")
    assert fetch("http://publisher.example/x", tmp_path).path.read_bytes() == b"by proxy"
    publisher.on["/x"] = Reply(body=b"direct")
    assert fetch(f"{publisher.base}/x", tmp_path).path.read_bytes() == b"direct"
    publisher.on["http://publisher.example/y"] = Reply(302, headers={"Location": "http://10.0.0.1/"})
    with pytest.raises(FetchFailed, match="own network"):
        fetch("http://publisher.example/y", tmp_path)


def test_a_304_that_nobody_asked_for_is_an_error(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(304)
    with pytest.raises(FetchFailed, match="HTTP 304"):
        fetch(f"{publisher.base}/x", tmp_path)


@pytest.mark.parametrize(
    "first",
    [
        Reply(500), Reply(503), Reply(429), Reply(408), Reply(522), Reply(204),
        Reply(body=DATA, cut=500), Reply(body=DATA, chunked=True, cut=500), Reply(body=DATA, length=len(DATA) + 10),
        Reply(body=b""), Reply(raw=b""), Reply(raw=b"not http at all\r\n\r\n"),
        Reply(body=gzip.compress(DATA)[:-20], headers={"Content-Encoding": "gzip"}),
        Reply(body=gzip.compress(DATA)[:50] + b"\x00damage" * 20, headers={"Content-Encoding": "gzip"}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_passing_failure_is_tried_again(
    publisher: Publisher, tmp_path: Path, slept: list[float], first: Reply
) -> None:
    publisher.on["/x"] = [first, Reply(body=DATA)]
    assert fetch(f"{publisher.base}/x", tmp_path).path.read_bytes() == DATA
    assert len(slept) == 1
    assert 0.5 <= slept[0] <= 1
    assert len(list(tmp_path.iterdir())) == 1


def test_backing_off_grows_and_ends_in_an_error_that_airflow_can_wait_for(
    publisher: Publisher, tmp_path: Path, slept: list[float]
) -> None:
    publisher.on["/x"] = Reply(503)
    with pytest.raises(RetryLater, match=r"/x: .*HTTP 503") as failure:
        fetch(f"{publisher.base}/x", tmp_path, attempts=4)
    assert len(publisher.asked) == 4
    assert [0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(slept)] == [True] * 3
    assert failure.value.status == 503
    assert failure.value.retry_after is None, "our own pauses are no wish of the publisher"
    assert not failure.value.permanent
    assert list(tmp_path.iterdir()) == []


def test_retry_after_in_seconds_is_waited_for(publisher: Publisher, tmp_path: Path, slept: list[float]) -> None:
    publisher.on["/x"] = [Reply(429, headers={"Retry-After": "7"}), Reply(body=DATA)]
    fetch(f"{publisher.base}/x", tmp_path)
    assert slept == [7]


def test_a_long_retry_after_is_left_to_airflow(publisher: Publisher, tmp_path: Path, slept: list[float]) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    publisher.on["/x"] = Reply(503, headers={"Retry-After": moment})
    with pytest.raises(RetryLater) as failure:
        fetch(f"{publisher.base}/x", tmp_path)
    assert slept == []
    assert 3500 < failure.value.retry_after <= 3600
    assert failure.value.at("nl.charging__ndw").retry_after == failure.value.retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None), ("", None), ("5", 5), (" 5 ", 5), ("99999999999999", 86_400), ("-5", None), ("soon", None), ("1e3", None),
        ("Fri, 20 Nov 2015 10:00:00 GMT", 0), ("Fri, 20 Nov 2099 10:00:00 GMT", 86_400), ("Fri, 20 Nov 2099", None), ("٣", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_whatever_it_says(text: str | None, seconds: float | None) -> None:
    assert retry_after(text) == seconds


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 501, 206, 201])
def test_a_refusal_is_not_tried_again_and_says_what_to_do(publisher: Publisher, tmp_path: Path, status: int) -> None:
    publisher.on["/x"] = Reply(status, body=b"no")
    with pytest.raises(FetchFailed, match=f"HTTP {status}") as failure:
        fetch(f"{publisher.base}/x", tmp_path)
    assert not isinstance(failure.value, RetryLater)
    assert failure.value.status == status
    assert failure.value.do
    assert len(publisher.asked) == 1


def test_a_web_page_with_200_is_noticed(publisher: Publisher, tmp_path: Path) -> None:
    page = b"<html><body>Wartungsarbeiten</body></html>"
    for headers in ({"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/json"}, {}):
        publisher.on["/x"] = Reply(body=b"\xef\xbb\xbf\n" + page, headers=headers)
        publisher.asked.clear()
        with pytest.raises(WebPage, match="web page, not data"):
            fetch(f"{publisher.base}/x", tmp_path)
        assert len(publisher.asked) == 1, "a task tries again minutes later, a fetch does not"
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_served_as_html_passes_where_that_is_declared(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=b"a;b\n1;2\n", headers={"Content-Type": "text/html"})
    assert fetch(f"{publisher.base}/x", tmp_path, content_types=["text/html"]).size_bytes == 8


def test_another_kind_than_declared_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=b"%PDF", headers={"Content-Type": "application/pdf"})
    with pytest.raises(FetchFailed, match="of another kind"):
        fetch(f"{publisher.base}/x", tmp_path, content_types=["text/*", "application/json"])


def test_redirects_are_followed_and_the_declared_address_is_what_is_known(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(302, headers={"Location": "b?x=1"})
    publisher.on["/b?x=1"] = Reply(308, headers={"Location": f"{publisher.base}/c.csv"})
    publisher.on["/c.csv"] = Reply(body=DATA)
    got = fetch(f"{publisher.base}/a", tmp_path)
    assert publisher.paths() == ["/a", "/b?x=1", "/c.csv"]
    assert got.address == f"{publisher.base}/a"


def test_redirects_without_end_are_ended(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(302, headers={"Location": "/b"})
    publisher.on["/b"] = Reply(302, headers={"Location": "/a"})
    with pytest.raises(FetchFailed, match="without end"):
        fetch(f"{publisher.base}/a", tmp_path)
    assert len(publisher.asked) == 9


def test_a_silent_publisher_is_given_up(publisher: Publisher, tmp_path: Path, slept: list[float]) -> None:
    publisher.on["/x"] = Reply(body=DATA, delay=1)
    with pytest.raises(RetryLater, match="did not answer in time; found ReadTimeout"):
        fetch(f"{publisher.base}/x", tmp_path, attempts=1, timeouts={"read": 0.2})
    assert slept == []


@pytest.mark.parametrize(
    "drip",
    [
        Reply(body=DATA, drip=0.05),
        Reply(raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000, drip=0.05),
        Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, drip=0.01),
    ],
    ids=["body", "headers", "continue"],
)
def test_a_drip_of_bytes_cannot_hold_a_task_beyond_the_total(publisher: Publisher, tmp_path: Path, drip: Reply) -> None:
    publisher.on["/x"] = drip
    begin = time.monotonic()
    with pytest.raises(RetryLater, match=r"did not answer in time; found 0\.6 s altogether"):
        fetch(f"{publisher.base}/x", tmp_path, attempts=1, timeouts={"read": 5, "total": 0.6})
    assert time.monotonic() - begin < 3
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_publisher_is_one_clear_line(publisher: Publisher, tmp_path: Path, slept: list[float]) -> None:
    publisher.close()
    with pytest.raises(RetryLater, match=r"127\.0\.0\.1:\d+/x: the publisher cannot be reached"):
        fetch(f"{publisher.base}/x", tmp_path, attempts=2)
    assert len(slept) == 1


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Content-Disposition": 'attachment; filename="Ladesäulen 2026.csv"'}, "Lades_ulen_2026.csv"),
        ({"Content-Disposition": "attachment; filename=data.csv"}, "data.csv"),
        ({"Content-Disposition": "attachment; filename*=UTF-8''bornes%20irve.csv"}, "bornes_irve.csv"),
        ({"Content-Disposition": 'attachment; filename="../../etc/passwd"'}, "passwd"),
        ({"Content-Disposition": 'attachment; filename=".."'}, "x.json.gz"),
        ({}, "x.json.gz"),
    ],
)
def test_a_file_is_known_by_a_plain_name(
    publisher: Publisher, tmp_path: Path, headers: dict[str, str], name: str
) -> None:
    publisher.on["/x.json.gz"] = Reply(body=DATA, headers=headers | {"Content-Type": "text/csv"})
    publisher.on["/x.json.gz"].headers = {k: v.encode().decode("latin-1") for k, v in headers.items()}
    assert fetch(f"{publisher.base}/x.json.gz", tmp_path).name.replace("__", "_") == name


def test_requests_to_one_host_keep_their_distance(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=DATA)
    begin = time.monotonic()
    for _ in range(3):
        fetch(f"{publisher.base}/x", tmp_path, min_interval_seconds=0.2)
    assert publisher.asked[-1].at - begin >= 0.4, "a slow machine makes it longer, never shorter"


def test_no_more_requests_run_at_once_than_a_host_is_to_bear(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=DATA, delay=0.05)
    threads = [
        threading.Thread(target=fetch, args=(f"{publisher.base}/x", tmp_path), kwargs={"max_concurrent": 2})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(publisher.asked) == 8
    assert publisher.most_active == 2


def test_memory_does_not_grow_with_the_file(publisher: Publisher, tmp_path: Path) -> None:
    import tracemalloc

    body = bytes(1000) * 50_000
    publisher.on["/x"] = Reply(body=gzip.compress(body, 1), headers={"Content-Encoding": "gzip"})
    fetch(f"{publisher.base}/x", tmp_path)  # imports and pools
    tracemalloc.start()
    got = fetch(f"{publisher.base}/x", tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got.size_bytes == len(body)
    assert peak < 8_000_000


def test_secrets_reach_the_publisher_and_nothing_else(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("EXAMPLE_KEY", "top/sekret+1")
    monkeypatch.setenv("AIRFLOW_CONN_EXAMPLE", '{"login": "me", "password": "hush-hush", "extra": {"tag": "x1"}}')

    def reply(asked: Asked) -> Reply:
        return Reply(500, headers={"Link": f"<{asked.path}>", "Location": asked.path})

    publisher.on["/top%2Fsekret%2B1/data"] = reply
    with pytest.raises(RetryLater) as failure:
        fetch(
            f"{publisher.base}/${{EXAMPLE_KEY}}/data?token=${{conn:example:password}}", tmp_path, attempts=1,
            headers={"Authorization": "Bearer ${EXAMPLE_KEY}", "X-Me": "${conn:example:login}"},
        )  # fmt: skip
    asked = publisher.asked[0]
    assert asked.headers["authorization"] == "Bearer top/sekret+1"
    assert asked.headers["x-me"] == "me"
    assert asked.path.endswith("?token=hush-hush")
    publisher.on["/top%2Fsekret%2B1/data"] = lambda asked: Reply(
        body=DATA, headers={"Link": f"<{asked.path}>; rel=next"}
    )
    got = fetch(f"{publisher.base}/${{EXAMPLE_KEY}}/data?token=${{conn:example:password}}", tmp_path)
    for text in (str(failure.value), repr(failure.value), repr(got), caplog.text):
        assert "sekret" not in text
        assert "hush" not in text
    assert "/***/data?token=***" in got.address


def test_a_secret_that_is_not_set_is_named(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXAMPLE_KEY", raising=False)
    with pytest.raises(
        FetchFailed, match=r"EXAMPLE_KEY: a secret is not set\. Set the environment variable EXAMPLE_KEY"
    ):
        fetch(f"{publisher.base}/x", tmp_path, headers={"Apikey": "${EXAMPLE_KEY}"})
    assert publisher.asked == []


def test_a_secret_with_a_line_break_cannot_smuggle_a_header(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "a\r\nX-Evil: 1")
    with pytest.raises(FetchFailed, match="line break"):
        fetch(f"{publisher.base}/x", tmp_path, headers={"Apikey": "${EXAMPLE_KEY}"})
