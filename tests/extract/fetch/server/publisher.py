"""A publisher on loopback that does as a test tells it: each path has a script of answers, and every request is kept."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    at: float


@dataclass
class Reply:
    """One answer. `length` overrides Content-Length (None: the body's, -1: none and the connection ends the body);
    `drip` seconds are waited before each byte of the body; `cut` bytes are sent at most."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drip: float = 0
    delay: float = 0
    cut: int | None = None
    chunked: bool = False
    raw: bytes | None = None


Script = Reply | list[Reply] | Callable[[Asked], Reply]


class Publisher:
    """`base` is its address; `on[path]` a reply, a list of replies (the last stays), or a function of the request."""

    def __init__(self) -> None:
        self.on: dict[str, Script] = {}
        self.asked: list[Asked] = []
        self.active = self.most_active = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            script = self.on.get(asked.path, self.on.get(asked.path.partition("?")[0], Reply(404)))
            if isinstance(script, list):
                return script.pop(0) if len(script) > 1 else script[0]
        return script(asked) if callable(script) else script

    def _handler(publisher) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with publisher._lock:
                    publisher.active += 1
                    publisher.most_active = max(publisher.active, publisher.most_active)
                try:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    self._send(publisher._reply(Asked(self.path, headers, time.monotonic())))
                except (ConnectionError, TimeoutError):
                    self.close_connection = True
                finally:
                    with publisher._lock:
                        publisher.active -= 1

            def _send(self, reply: Reply) -> None:
                time.sleep(reply.delay)
                if reply.raw is not None:
                    self._drip(reply.raw, reply.drip)
                    self._end()
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                elif reply.length != -1 and reply.status not in (204, 304):
                    self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
                self.end_headers()
                body = reply.body if reply.cut is None else reply.body[: reply.cut]
                if reply.chunked:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
                    if reply.cut is None:
                        self.wfile.write(b"0\r\n\r\n")
                else:
                    self._drip(body, reply.drip)
                if reply.cut is not None or reply.length is not None:
                    self._end()

            def _drip(self, data: bytes, seconds: float) -> None:
                if not seconds:
                    self.wfile.write(data)
                for n in range(len(data) if seconds else 0):
                    time.sleep(seconds)
                    self.wfile.write(data[n : n + 1])

            def _end(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextlib.contextmanager
def running() -> Iterator[Publisher]:
    publisher = Publisher()
    try:
        yield publisher
    finally:
        publisher.close()
