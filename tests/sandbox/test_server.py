"""The server: correct HTTP, and every misbehaviour visible to a client."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from euregio.sandbox.misbehaviour import MODES
from euregio.sandbox.running import Sandbox

FR, NL, CH_STATUS = "fr.charging__irve_static", "nl.charging__dot_nl", "ch.charging__ich_tanke_strom_status"


@pytest.fixture
def sandbox(clean: Sandbox):
    """The clean sandbox, well-behaved before and after the test."""
    yield clean
    for dataset in clean.built.datasets():
        clean.misbehave(dataset, "normal")


def test_the_root_lists_the_datasets(sandbox: Sandbox, get) -> None:
    listed = json.loads(get(sandbox.address).body)
    assert [one["dataset"] for one in listed] == sandbox.built.datasets()
    assert all(get(one["address"], "HEAD").status == 200 for one in listed)


def test_a_body_is_the_file_and_has_the_publishers_type(sandbox: Sandbox, get) -> None:
    answer = get(sandbox.url(FR))
    assert answer.body == sandbox.built.file(FR).path.read_bytes()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_an_unchanged_file_is_not_sent_again(sandbox: Sandbox, get) -> None:
    first = get(sandbox.url(FR))
    assert get(sandbox.url(FR), If_None_Match=first.headers["etag"]).status == 304
    again = get(sandbox.url(FR), If_Modified_Since=first.headers["last-modified"])
    assert (again.status, again.body) == (304, b"")
    assert get(sandbox.url(FR), If_None_Match='"another"').status == 200
    assert get(sandbox.url(FR), If_Modified_Since="Thu, 01 Jan 2015 00:00:00 GMT").status == 200


def test_gzip_goes_with_a_content_encoding_where_accepted_but_for_the_gzip_file(sandbox: Sandbox, get) -> None:
    packed = get(sandbox.url(FR), Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == get(sandbox.url(FR)).body
    bare = get(sandbox.url(NL), Accept_Encoding="gzip")
    assert "content-encoding" not in bare.headers
    assert bare.body[:2] == b"\x1f\x8b"


def test_head_has_no_body_and_does_not_move_the_clock(sandbox: Sandbox, get) -> None:
    before = sandbox.server.instant(CH_STATUS, moves=False)
    answer = get(sandbox.url(CH_STATUS), "HEAD")
    assert answer.body == b""
    assert int(answer.headers["content-length"]) > 100
    assert sandbox.server.instant(CH_STATUS, moves=False) == before


def test_each_fetch_of_a_status_dataset_is_the_next_snapshot(sandbox: Sandbox, get) -> None:
    answers = [get(sandbox.url(CH_STATUS)) for _ in range(3)]
    assert len({answer.headers["last-modified"] for answer in answers}) == 3
    asked = get(sandbox.url(CH_STATUS) + "?at=2026-11-20T12:00:00Z")
    assert asked.headers["last-modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert asked.body == get(sandbox.url(CH_STATUS) + "?at=2026-11-20T13:00:00%2B01:00").body


def test_a_static_dataset_moves_only_when_told(sandbox: Sandbox, get) -> None:
    first = get(sandbox.url(NL))
    assert get(sandbox.url(NL)).body == first.body
    sandbox.server.control({"dataset": NL, "advance": 4})
    assert get(sandbox.url(NL)).body != first.body
    sandbox.server.control({"dataset": NL, "advance": -4})


def test_pages_join_to_the_whole(sandbox: Sandbox, get) -> None:
    address, found = sandbox.url(NL) + "?limit=40", []
    while address:
        page = get(address)
        document = json.loads(page.body)
        assert document["status_code"] == 1000
        found += document["data"]
        link = page.headers.get("link")
        address = link and link[1 : link.index(">")]
    assert found == json.loads(gzip.decompress(get(sandbox.url(NL)).body))
    assert int(page.headers["x-total-count"]) == len(found)
    assert get(sandbox.url(NL) + "?offset=-1").status == 400


def test_what_is_not_there_is_not_found(sandbox: Sandbox, get) -> None:
    assert get(sandbox.url("xx.charging__nobody")).status == 404
    assert get(sandbox.url(FR) + "?at=yesterday").status == 400


@pytest.mark.parametrize(
    "wish",
    [
        {"dataset": "nobody"},
        {"dataset": FR, "mode": "dance"},
        {"dataset": FR, "mode": "slow", "times": 0},
        {"dataset": FR, "loud": 1},
    ],
)
def test_a_senseless_order_is_refused(sandbox: Sandbox, wish: dict) -> None:
    answer = httpx.post(f"{sandbox.address}/_control", json=wish, trust_env=False)
    assert answer.status_code == 400


def test_an_order_holds_for_as_many_requests_as_it_says(sandbox: Sandbox, get) -> None:
    httpx.post(f"{sandbox.address}/_control", json={"dataset": FR, "mode": "http_500", "times": 2}, trust_env=False)
    assert [get(sandbox.url(FR)).status for _ in range(3)] == [500, 500, 200]


def test_every_mode_is_tested() -> None:
    tested = {
        "normal",
        "slow",
        "http_500",
        "retry_later",
        "truncated",
        "cut_off",
        "changed_schema",
        "stale",
        "html",
        "empty",
    }
    assert set(MODES) == tested


def test_slow_takes_its_time(sandbox: Sandbox, get) -> None:
    sandbox.misbehave(FR, "slow", seconds=0.4, times=1)
    began = time.monotonic()
    assert get(sandbox.url(FR)).status == 200
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("status", [429, 503])
def test_retry_later_says_when(sandbox: Sandbox, get, status: int) -> None:
    sandbox.misbehave(FR, "retry_later", status=status, seconds=3, times=1)
    answer = get(sandbox.url(FR))
    assert (answer.status, answer.headers["retry-after"]) == (status, "3")


def test_truncated_breaks_off_before_the_announced_end(sandbox: Sandbox, get) -> None:
    sandbox.misbehave(FR, "truncated", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        get(sandbox.url(FR))


def test_cut_off_is_half_of_the_file_and_looks_whole(sandbox: Sandbox, get) -> None:
    whole = get(sandbox.url(FR)).body
    sandbox.misbehave(FR, "cut_off", times=1)
    half = get(sandbox.url(FR), Accept_Encoding="gzip")
    assert half.body == whole[: len(whole) // 2]


@pytest.mark.parametrize(
    "dataset",
    [
        "de.charging__bnetza",
        FR,
        NL,
        "ch.charging__ich_tanke_strom",
        "es.charging__electrolineras",
        "be.charging__eco_movement",
        "eu.spatial__gisco_nuts",
        "eu.spatial__eurostat_population",
    ],
)
def test_a_changed_schema_has_other_names(sandbox: Sandbox, get, dataset: str) -> None:
    before = get(sandbox.url(dataset)).body
    sandbox.misbehave(dataset, "changed_schema", times=1)
    after = get(sandbox.url(dataset)).body
    assert after != before
    assert (after[:2] == b"\x1f\x8b") == (before[:2] == b"\x1f\x8b")


def test_stale_is_the_first_snapshot_again(sandbox: Sandbox, get) -> None:
    get(sandbox.url(CH_STATUS))
    sandbox.misbehave(CH_STATUS, "stale", times=2)
    answers = [get(sandbox.url(CH_STATUS)) for _ in range(2)]
    assert {answer.headers["last-modified"] for answer in answers} == {"Fri, 20 Nov 2026 06:00:00 GMT"}


def test_a_stale_file_is_a_year_old(sandbox: Sandbox, get) -> None:
    sandbox.misbehave(FR, "stale", times=1)
    first = get(sandbox.url(FR), If_Modified_Since="Fri, 20 Nov 2026 06:00:00 GMT")
    assert (first.status, first.headers["last-modified"]) == (200, "Thu, 20 Nov 2025 06:00:00 GMT")


def test_html_and_empty_come_with_200(sandbox: Sandbox, get) -> None:
    sandbox.misbehave(FR, "html", times=1)
    page = get(sandbox.url(FR))
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.body.startswith(b"<!DOCTYPE html")
    sandbox.misbehave(FR, "empty", times=1)
    empty = get(sandbox.url(FR))
    assert (empty.status, empty.body) == (200, b"")


def test_the_command_prints_its_address_serves_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "euregio.sandbox", "--size", "200", "--seed", "3", "--truth", str(tmp_path / "truth"),
               "--misbehave", f"{FR}=http_500:1"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_PROXY": "*"})
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        assert [httpx.get(f"{address}/{FR}", trust_env=False).status_code for _ in range(2)] == [500, 200]
        assert (tmp_path / "truth" / "points.parquet").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stdout.close()  # type: ignore[union-attr]
