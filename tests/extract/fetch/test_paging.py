"""Pages are followed to their end; missing and circling ones are noticed."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from publisher import Asked, Publisher, Reply

from euregio.declarations.source import Paging, SourceSpec
from euregio.extract.fetch.fetched import Fetched, FetchFailed, RetryLater
from euregio.extract.fetch.http import HttpRequest
from euregio.extract.fetch.paging import fetch_pages, read_page


def pages(url: str, into: Path, **paging: object) -> list[Fetched]:
    source = {name: paging.pop(name) for name in ("ceiling_bytes", "headers", "attempts") if name in paging}
    return fetch_pages(HttpRequest(url, SourceSpec(url=url, paging=paging, **source)), into)


def records(fetched: list[Fetched]) -> list[int]:
    return [n for one in fetched for n in json.loads(one.path.read_bytes())["data"]]


class Ocpi:
    """An OCPI list of `total` records: `step` records a page at most, with Link and X-Total-Count as told."""

    def __init__(self, total: int, step: int, *, link: bool = True, count: int | None = None, base: str = "") -> None:
        self.total, self.step, self.link, self.count, self.base = total, step, link, count, base

    def __call__(self, asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.path).query)
        offset = int(query.get("offset", ["0"])[0])
        limit = min(int(query.get("limit", ["1000"])[0]), self.step)
        data = list(range(self.total))[offset : offset + limit]
        headers = {"Content-Type": "application/json"}
        if self.link and offset + limit < self.total:
            headers["Link"] = f'<{self.base}/ocpi?offset={offset + limit}&limit={limit}>; rel="next"'
        if self.count is not None:
            headers["X-Total-Count"] = str(self.count)
        return Reply(body=json.dumps({"data": data, "status_code": 1000}).encode(), headers=headers)


def test_links_in_headers_lead_through_all_pages(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/ocpi"] = Ocpi(25, 10, count=25, base=publisher.base)
    got = pages(f"{publisher.base}/ocpi", tmp_path, kind="link-header", limit=10)
    assert records(got) == list(range(25))
    assert [one.name for one in got] == ["ocpi-page0001", "ocpi-page0002", "ocpi-page0003"]
    assert publisher.paths()[0] == "/ocpi?limit=10"
    assert len({one.sha256 for one in got}) == 3


def test_a_relative_link_among_others_is_found(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(
        body=b'{"data":[1]}', headers={"Link": '</z>; rel="last", <b?x=1,2>; rel="NEXT prefetch"'}
    )
    publisher.on["/b?x=1,2"] = Reply(body=b'{"data":[2]}', headers={"Link": '</a>; rel="prev"'})
    assert records(pages(f"{publisher.base}/a", tmp_path, kind="link-header")) == [1, 2]


def test_one_page_without_a_link_is_the_whole(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/ocpi"] = Ocpi(0, 10)
    assert records(pages(f"{publisher.base}/ocpi", tmp_path, kind="link-header")) == []


def test_fewer_records_than_the_publisher_counts_is_an_error(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/ocpi"] = Ocpi(25, 10, link=False, count=25)
    with pytest.raises(RetryLater, match="fewer records than it counts; found 10; expected 25"):
        pages(f"{publisher.base}/ocpi", tmp_path, kind="link-header")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [25, None])
def test_offsets_count_what_really_came(publisher: Publisher, tmp_path: Path, count: int | None) -> None:
    publisher.on["/ocpi"] = Ocpi(25, 7, link=False, count=count)  # gives 7 where 10 are asked for
    assert records(pages(f"{publisher.base}/ocpi?cc=NL", tmp_path, kind="offset-limit", limit=10)) == list(range(25))
    assert publisher.paths()[1] == "/ocpi?cc=NL&limit=10&offset=7"
    assert len(publisher.asked) == (4 if count else 5)


def test_a_count_of_the_page_alone_does_not_end_the_paging(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/ocpi"] = Ocpi(25, 10, link=False, count=10)
    got = pages(f"{publisher.base}/ocpi", tmp_path, kind="offset-limit", limit=10)
    assert records(got) == list(range(25))


def test_offsets_may_count_pages_under_other_names(publisher: Publisher, tmp_path: Path) -> None:
    def reply(asked: Asked) -> Reply:
        page = int(parse_qs(urlsplit(asked.path).query)["pagenumber"][0])
        return Reply(body=json.dumps({"data": [[1, 2], [3, 4], [5]][page - 1] if page < 4 else []}).encode())

    publisher.on["/api"] = reply
    got = pages(
        f"{publisher.base}/api", tmp_path, kind="offset-limit", offset_counts="pages", first_offset=1,
        offset_parameter="pagenumber", limit_parameter="pagesize", limit=2,
    )  # fmt: skip
    assert records(got) == [1, 2, 3, 4, 5]


def test_404_beyond_the_last_page_is_the_end_and_before_it_an_error(publisher: Publisher, tmp_path: Path) -> None:
    def reply(asked: Asked) -> Reply:
        ocpi = Ocpi(5, 2, link=False)(asked)
        return ocpi if b"[]" not in ocpi.body else Reply(404)

    publisher.on["/a"] = reply
    assert records(pages(f"{publisher.base}/a", tmp_path / "1", kind="offset-limit", limit=2)) == [0, 1, 2, 3, 4]
    publisher.on["/a"] = lambda asked: Ocpi(6, 2)(asked) if "offset=4" not in asked.path else Reply(404)
    with pytest.raises(FetchFailed, match="HTTP 404"):
        pages(f"{publisher.base}/a", tmp_path / "2", kind="offset-limit", limit=2)
    assert list((tmp_path / "2").iterdir()) == []


def test_the_next_address_may_stand_in_the_page(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(body=json.dumps({"data": [1], "links": {"next": {"href": "/b"}}}).encode())
    publisher.on["/b"] = Reply(
        body=gzip.compress(json.dumps({"links": {"next": {"href": None}}, "data": [2]}).encode())
    )
    got = pages(f"{publisher.base}/a", tmp_path, kind="next-field", next_field="links.next.href")
    assert [one.size_bytes > 0 for one in got] == [True, True]
    assert publisher.paths() == ["/a", "/b"]


def test_a_next_field_with_a_dot_in_its_name_is_found() -> None:
    text = b'{"value": [{"a": [1, {"b": 2}]}, 3, [], null], "@odata.nextLink": "https://x/y"}'
    content = read_page(io.BytesIO(text), Paging(kind="next-field", next_field="@odata.nextLink", items_field="value"))
    assert (content.records, content.next_address) == (4, "https://x/y")


@pytest.mark.parametrize(
    ("text", "number"),
    [(b"[]", 0), (b"[1,[2,3],{}]", 3), (b'{"data": {"x": [1]}}', None), (b'{"x": {"data": [1]}, "data": [1, 2]}', 2), (b"<a/>", None), (b"[1", None), (b"", None)],
)  # fmt: skip
def test_records_of_a_page_are_counted(text: bytes, number: int | None) -> None:
    assert read_page(io.BytesIO(text), Paging(kind="offset-limit")).records == number


def test_pages_that_go_round_are_noticed_by_address(publisher: Publisher, tmp_path: Path) -> None:
    count = iter(range(100))
    publisher.on["/a"] = lambda _: Reply(body=b'{"data":[%d]}' % next(count), headers={"Link": "</b>; rel=next"})
    publisher.on["/b"] = lambda _: Reply(body=b'{"data":[%d]}' % next(count), headers={"Link": "</a>; rel=next"})
    with pytest.raises(FetchFailed, match="go round"):
        pages(f"{publisher.base}/a", tmp_path, kind="link-header")
    assert list(tmp_path.iterdir()) == []


def test_a_publisher_that_ignores_the_offset_is_noticed(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(body=b'{"data":[1,2]}')
    with pytest.raises(FetchFailed, match="page 2 is page 1 again"):
        pages(f"{publisher.base}/a", tmp_path, kind="offset-limit", limit=2)
    assert list(tmp_path.iterdir()) == []


def test_pages_without_end_are_ended_by_number_and_by_size(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = endless
    with pytest.raises(FetchFailed, match="more than 5 pages"):
        pages(f"{publisher.base}/a?n=0", tmp_path, kind="link-header", max_pages=5)
    with pytest.raises(FetchFailed, match="larger than the dataset's ceiling"):
        pages(f"{publisher.base}/a?n=0", tmp_path, kind="link-header", ceiling_bytes=100)
    assert list(tmp_path.iterdir()) == []


def endless(asked: Asked) -> Reply:
    number = int(asked.path.partition("n=")[2])
    return Reply(body=b'{"data":[%d]}' % number, headers={"Link": f"</a?n={number + 1}>; rel=next"})


def test_secrets_go_to_every_page_of_the_declared_origin(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "hush-hush")
    publisher.on["/a"] = Reply(body=b'{"data":[1]}', headers={"Link": "</b?token=hush-hush>; rel=next"})
    publisher.on["/b"] = Reply(body=b'{"data":[2]}')
    got = pages(f"{publisher.base}/a", tmp_path, kind="link-header", headers={"Authorization": "Token ${EXAMPLE_KEY}"})
    assert [asked.headers["authorization"] for asked in publisher.asked] == ["Token hush-hush"] * 2
    assert "hush" not in repr(got)


def test_a_packed_page_that_is_a_bomb_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/a"] = Reply(body=gzip.compress(b"[" + b" " * 30_000_000 + b"]"))
    with pytest.raises(FetchFailed, match="ceiling"):
        pages(f"{publisher.base}/a", tmp_path, kind="offset-limit", ceiling_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []
