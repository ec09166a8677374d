"""The simulated publishers over HTTP on loopback, one address per dataset.

    GET  /                                the datasets, as JSON
    GET  /<dataset>                       the dataset; of a status dataset every GET gives the next snapshot
    GET  /<dataset>?at=2026-11-20T07:15Z  the snapshot of an instant (any dataset)
    GET  /nl.charging__dot_nl?offset=0&limit=100   OCPI paging: envelope, Link, X-Total-Count, X-Limit
    POST /_control                        {"dataset": ..., "mode": ..., "times": n, "seconds": s, "status": 429}
    POST /_control                        {"dataset": ..., "advance": n}   move a dataset's clock n snapshots on

ETag and Last-Modified are honoured (304); bodies are gzipped with Content-Encoding where the client accepts it, except
the file that is gzip itself. HEAD answers as GET does, without a body and without moving the clock.
"""

from __future__ import annotations

import gzip
import json
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from euregio.sandbox.build import FIRST_SNAPSHOT, SNAPSHOT_STEP, Built, Served
from euregio.sandbox.misbehaviour import Order, Orders, renamed
from euregio.sandbox.publishers import PUBLISHERS

_PIECE = 256 * 1024
_PAGED = "nl.charging__dot_nl"
_MOVES = {dataset for dataset, publisher in PUBLISHERS.items() if publisher.moving}


class Server(ThreadingHTTPServer):
    """The server with what it serves: files, orders to misbehave, and each dataset's clock."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, built: Built, port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), _Handler)
        self.built, self.orders = built, Orders()
        self._ticks: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The root address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def instant(self, dataset: str, *, moves: bool) -> datetime:
        """The instant that a request sees; `moves` the dataset's clock one snapshot on where it is a moving one."""
        with self._lock:
            tick = self._ticks.get(dataset, 0)
            if moves and dataset in _MOVES:
                self._ticks[dataset] = tick + 1
        return FIRST_SNAPSHOT + tick * SNAPSHOT_STEP

    def advance(self, dataset: str, snapshots: int) -> None:
        """Move a dataset's clock on."""
        with self._lock:
            self._ticks[dataset] = self._ticks.get(dataset, 0) + snapshots

    def control(self, wish: dict[str, Any]) -> None:
        """Obey a control call. Raises ValueError with what is wrong with it."""
        dataset = wish.get("dataset")
        if dataset not in self.built.datasets():
            raise ValueError(f"unknown dataset {dataset!r}")
        if unknown := set(wish) - {"dataset", "mode", "times", "seconds", "status", "advance"}:
            raise ValueError(f"unknown members {sorted(unknown)}")
        if "advance" in wish:
            self.advance(dataset, int(wish["advance"]))
        if "mode" in wish:
            seconds = float(wish["seconds"]) if "seconds" in wish else None
            times = int(wish["times"]) if wish.get("times") is not None else None
            self.orders.give(dataset, Order(wish["mode"], times, seconds, int(wish.get("status", 503))))


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "EuregioSandbox/1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet: the sandbox's output is its address."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != "/_control":
            self._text(404, "no such address")
            return
        try:
            self.server.control(json.loads(body))
        except (ValueError, TypeError, AttributeError) as error:
            self._text(400, str(error))
        else:
            self._text(200, "{}", "application/json")

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        dataset, query = address.path.strip("/"), parse_qs(address.query)
        if not dataset:
            self._text(200, json.dumps(self._index(), indent=1), "application/json")
            return
        if dataset not in self.server.built.datasets():
            self._text(404, "no such dataset")
            return
        order = self.server.orders.take(dataset)
        try:
            self._answer(dataset, query, order)
        except ValueError as error:
            self._text(400, str(error))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _index(self) -> list[dict[str, object]]:
        return [
            {
                "dataset": dataset, "address": f"{self.server.address}/{dataset}",
                "moving": dataset in _MOVES,
            }
            for dataset in self.server.built.datasets()
        ]  # fmt: skip

    def _answer(self, dataset: str, query: dict[str, list[str]], order: Order) -> None:
        if order.mode == "slow":
            time.sleep(2.0 if order.seconds is None else order.seconds)
        if order.mode == "http_500":
            self._text(500, "internal error of the simulated publisher")
        elif order.mode == "retry_later":
            self._text(order.status, "try again later", headers={"Retry-After": f"{order.seconds or 1:.0f}"})
        elif order.mode == "html":
            page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back</h1></body></html>"
            self._text(200, page, "text/html; charset=utf-8")
        elif order.mode == "empty":
            self._text(200, "", PUBLISHERS[dataset].content_type if dataset in PUBLISHERS else "text/csv")
        elif dataset == _PAGED and ("offset" in query or "limit" in query):
            self._page(dataset, query)
        else:
            self._file(dataset, query, order)

    def _served(self, dataset: str, query: dict[str, list[str]], *, moves: bool, stale: bool = False) -> Served:
        if "at" in query:
            at = datetime.fromisoformat(query["at"][0].replace(" ", "+"))
            at = at.astimezone(UTC).replace(tzinfo=None, microsecond=0) if at.tzinfo else at.replace(microsecond=0)
        else:
            at = FIRST_SNAPSHOT if stale else self.server.instant(dataset, moves=moves)
        return self.server.built.file(dataset, at)

    def _file(self, dataset: str, query: dict[str, list[str]], order: Order) -> None:
        served = self._served(dataset, query, moves=self.command == "GET", stale=order.mode == "stale")
        modified = served.modified.replace(tzinfo=UTC)
        if order.mode == "stale" and dataset not in _MOVES:
            modified -= timedelta(days=365)
        packed_file = served.content_type == "application/gzip"
        headers = {"ETag": served.tag, "Last-Modified": format_datetime(modified, usegmt=True)}
        if order.mode == "normal" and self._is_known(served.tag, modified):
            self._head(304, headers)
            return
        path = served.path
        if order.mode == "changed_schema":
            path = _changed(path, packed_file)
            headers = {}
        if not packed_file:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in self.headers.get("Accept-Encoding", "") and order.mode != "cut_off":
                path = _packed(path)
                headers["Content-Encoding"] = "gzip"
        size = path.stat().st_size
        shown = size // 2 if order.mode in ("truncated", "cut_off") else size
        announced = shown if order.mode == "cut_off" else size
        self._head(200, headers | {"Content-Type": served.content_type, "Content-Length": str(announced)})
        if self.command == "GET":
            self._send(path, shown, slowly=order.mode == "slow")
        if shown < announced:
            self.close_connection = True

    def _is_known(self, tag: str, modified: datetime) -> bool:
        if asked := self.headers.get("If-None-Match"):
            return asked.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in asked.split(",")]
        if since := self.headers.get("If-Modified-Since"):
            try:
                return modified <= parsedate_to_datetime(since)
            except (ValueError, TypeError):
                return False
        return False

    def _page(self, dataset: str, query: dict[str, list[str]]) -> None:
        offset, limit = int(query.get("offset", ["0"])[0]), min(int(query.get("limit", ["100"])[0]), 1000)
        if offset < 0 or limit < 1:
            raise ValueError("offset must be 0 or more and limit 1 or more")
        served = self._served(dataset, query, moves=False)
        with gzip.open(served.path, "rt", encoding="utf-8") as lines:
            # One location a line, between "[" and "]".
            page = [
                line.strip().removeprefix("[").rstrip(",")
                for i, line in enumerate(lines)
                if offset <= i < offset + limit
            ]
        total = self.server.built.lines[dataset]
        if page and offset + limit >= total:
            page[-1] = page[-1].removesuffix("]")
        headers = {"X-Total-Count": str(total), "X-Limit": "1000"}
        if offset + limit < total:
            headers["Link"] = f'<{self.server.address}/{dataset}?offset={offset + limit}&limit={limit}>; rel="next"'
        stamp = f"{served.modified:%Y-%m-%dT%H:%M:%SZ}"
        body = (
            f'{{"data": [{",".join(page)}], "status_code": 1000, "status_message": "Success", "timestamp": "{stamp}"}}'
        )
        self._text(200, body, "application/json", headers)

    def _send(self, path: Path, size: int, *, slowly: bool) -> None:
        with path.open("rb") as file:
            while size > 0 and (piece := file.read(min(size, 4096 if slowly else _PIECE))):
                self.wfile.write(piece)
                size -= len(piece)

    def _text(
        self, status: int, text: str, content_type: str = "text/plain", headers: dict[str, str] | None = None
    ) -> None:
        body = text.encode()
        self._head(status, (headers or {}) | {"Content-Type": content_type, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _packed(path: Path) -> Path:
    """The same file gzipped, made once."""
    packed = path.with_name(path.name + ".gz")
    if not packed.exists():
        part = packed.with_name(f"{packed.name}.{threading.get_ident()}")
        with path.open("rb") as plain, part.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as out:
            shutil.copyfileobj(plain, out, _PIECE)
        part.replace(packed)
    return packed


def _changed(path: Path, packed_file: bool) -> Path:
    """The same file with other names for columns and keys, made once."""
    changed = path.with_name(path.name + ".changed")
    if not changed.exists():
        body = path.read_bytes()
        body = gzip.compress(renamed(gzip.decompress(body)), mtime=0) if packed_file else renamed(body)
        part = changed.with_name(f"{changed.name}.{threading.get_ident()}")
        part.write_bytes(body)
        part.replace(changed)
    return changed
