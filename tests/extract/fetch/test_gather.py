"""A declared source is gathered as a whole: several addresses, links on pages, periods."""

from __future__ import annotations

from pathlib import Path

import pytest
from publisher import Publisher, Reply

from euregio.declarations.source import SourceSpec
from euregio.errors import FetchError
from euregio.extract.fetch.fetched import Fetched, FetchFailed, NotModified, Validators
from euregio.extract.fetch.gather import gather, with_period


def test_all_addresses_come_in_their_order_or_none_does(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(body=b"a")
    publisher.on["/b"] = Reply(304)
    spec = SourceSpec(url=[f"{publisher.base}/a", f"{publisher.base}/b"])
    known = {f"{publisher.base}/b": Validators("b" * 64, '"1"')}
    first, second = gather(spec, tmp_path, previous=known)
    assert isinstance(first, Fetched)
    assert isinstance(second, NotModified)
    first.path.unlink()
    with pytest.raises(FetchFailed, match="HTTP 304"):
        gather(spec, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_latest_edition_that_a_page_links_to_is_taken(publisher: Publisher, tmp_path: Path) -> None:
    page = """<html><a href="/start">Start</a> <A HREF='files/Register_2026-10.csv?x=1&amp;y=2#top'>Oktober</A>
        <a href="files/Register_2026-09.csv">September</a> <a>none</a> <a href="files/Register_2026-11.pdf">PDF</a></html>"""
    publisher.on["/de/page.html"] = Reply(body=page.encode(), headers={"Content-Type": "text/html"})
    publisher.on["/de/files/Register_2026-10.csv?x=1&y=2"] = Reply(body=b"id;kw\n", headers={"ETag": '"1"'})
    spec = SourceSpec(
        url=f"{publisher.base}/de/page.html", link=r"/Register_\d{4}-\d\d\.csv|^files/Register_[-\d]+\.csv"
    )
    (got,) = gather(spec, tmp_path)
    assert got.name == "Register_2026-10.csv"
    assert got.path.read_bytes() == b"id;kw\n"
    assert len(list(tmp_path.iterdir())) == 1
    publisher.on["/de/files/Register_2026-10.csv?x=1&y=2"] = Reply(304)
    (again,) = gather(spec, tmp_path, previous={got.address: got.validators})
    assert again == NotModified(got.address, got.sha256, again.checked_at)


def test_a_page_without_the_link_says_what_to_do(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/p"] = Reply(body=b"<html><a href=x>x</a>", headers={"Content-Type": "text/html"})
    with pytest.raises(FetchFailed, match=r"no link that matches; found 1 links; expected \\\.csv"):
        gather(SourceSpec(url=f"{publisher.base}/p", link=r"\.csv"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_linked_web_page_is_still_no_data(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/p"] = Reply(body=b'<html><a href="/x.csv">x</a>', headers={"Content-Type": "text/html"})
    publisher.on["/x.csv"] = Reply(body=b"<html>moved", headers={"Content-Type": "text/csv"})
    with pytest.raises(FetchFailed, match="web page, not data"):
        gather(SourceSpec(url=f"{publisher.base}/p", link=r"\.csv"), tmp_path)


@pytest.mark.parametrize(
    ("url", "period", "filled"),
    [
        ("https://x/{year}/{month}/{day}.csv", "2026-11-20", "https://x/2026/11/20.csv"),
        ("https://x/{period}.csv", "2026-11", "https://x/2026-11.csv"),
        ("https://x/{year}?k=${KEY}", "2026-W47", "https://x/2026?k=${KEY}"),
        ("https://x/y", None, "https://x/y"),
    ],
)
def test_a_period_fills_the_address(url: str, period: str | None, filled: str) -> None:
    assert with_period(url, period) == filled


@pytest.mark.parametrize(
    ("url", "period"), [("x/{day}", "2026-11"), ("x/{period}", None), ("x/{period}", "../../y"), ("x/{period}", "a/b")]
)
def test_a_period_that_does_not_fit_is_refused(url: str, period: str | None) -> None:
    with pytest.raises(FetchFailed, match="does not fill"):
        with_period(url, period)


def test_files_come_from_the_profiles_root_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"1")
    (got,) = gather(SourceSpec(url="a.csv"), tmp_path / "out", root=str(tmp_path / "in"))
    assert got.path.read_bytes() == b"1"
    with pytest.raises(FetchError, match="no root"):
        gather(SourceSpec(url="a.csv"), tmp_path / "out")
