"""Where lineage events and metrics arrive in tests: an HTTP server for OpenLineage and for OTLP, a UDP one for StatsD."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HttpSink:
    """Takes what is posted: `posts` are path and body. `seconds` it waits before each answer, `status` it answers."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, bytes]] = []
        self.seconds, self.status = 0.0, 200
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(sink.seconds)
                sink.posts.append((self.path, body))
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> HttpSink:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[dict]:
        """OpenLineage's events in the order of their arrival."""
        return [json.loads(body) for path, body in self.posts if path.startswith("/api/v1/lineage")]


class StatsdSink:
    """A UDP socket that keeps the last value of each gauge."""

    def __init__(self) -> None:
        self.gauges: dict[str, float] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def __enter__(self) -> StatsdSink:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return
            for line in data.decode().splitlines():
                if found := re.fullmatch(r"([^:]+):([-+0-9.e]+)\|g", line):
                    self.gauges[found[1]] = float(found[2])

    def after(self, name: str, seconds: float = 10) -> dict[str, float]:
        """The gauges, once the one called `name` has arrived."""
        end = time.monotonic() + seconds
        while name not in self.gauges:
            assert time.monotonic() < end, f"{name} did not arrive; what did: {sorted(self.gauges)}"
            time.sleep(0.02)
        return self.gauges
