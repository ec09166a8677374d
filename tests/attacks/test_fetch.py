"""Attacks on fetching: a hostile publisher, or one whose name was taken over, against the node that asks it."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "extract" / "fetch" / "server"))

from publisher import Publisher, Reply, running

from euregio.declarations.source import SourceSpec
from euregio.extract.fetch.addresses import PRIVATE_HOSTS, Reach
from euregio.extract.fetch.fetched import Fetched, FetchFailed, RetryLater
from euregio.extract.fetch.gather import gather


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with running() as publisher:
        yield publisher


@pytest.fixture
def inside() -> Iterator[Publisher]:
    """A server of the node's own network, that nobody outside should reach through us."""
    with running() as inside:
        inside.on["/"] = Reply(body=b"internal")
        yield inside


def get(url: str, into: Path, **source: object) -> Fetched:
    (fetched,) = gather(SourceSpec(url=url, attempts=source.pop("attempts", 1), **source), into)
    assert isinstance(fetched, Fetched)
    return fetched


def resolve(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    """Let names of hosts (dots as __) stand for these addresses, as a name server under attack would."""
    table, real = {name.replace("__", "."): address for name, address in names.items()}, socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(table.get(host, host), *rest, **more))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_in_the_content_encoding_ends_at_the_ceiling(
    publisher: Publisher, tmp_path: Path, encoding: str
) -> None:
    plain = bytes(60_000_000)
    packed = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)
    publisher.on["/x"] = Reply(body=packed, headers={"Content-Encoding": encoding})
    with pytest.raises(FetchFailed, match="larger than the dataset's ceiling"):
        get(f"{publisher.base}/x", tmp_path, ceiling_bytes=5_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_body_larger_than_announced_or_without_end_stops_at_the_ceiling(publisher: Publisher, tmp_path: Path) -> None:
    for reply in (
        Reply(body=b"x" * 3_000_000),
        Reply(body=b"x" * 3_000_000, chunked=True),
        Reply(body=b"x" * 3_000_000, length=-1),
        Reply(body=b"x", length=10**15),
    ):
        publisher.on["/x"] = reply
        with pytest.raises(FetchFailed, match="ceiling"):
            get(f"{publisher.base}/x", tmp_path, ceiling_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []


def test_many_packings_in_one_another_are_refused(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(body=gzip.compress(gzip.compress(b"x")), headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(FetchFailed, match="not asked for"):
        get(f"{publisher.base}/x", tmp_path)


def test_huge_headers_end_the_attempt(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 5_000_000 + b"\r\n\r\n")
    with pytest.raises(RetryLater, match="broken or cut off"):
        get(f"{publisher.base}/x", tmp_path)
    publisher.on["/x"] = Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 500_000 + b"\r\n")
    with pytest.raises(RetryLater, match="broken or cut off"):
        get(f"{publisher.base}/x", tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFFF\r\nhello",
        b"HTTP/1.1 999999 \x00\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(200),
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://x:99999999/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://" + b"a" * 60_000 + b"/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a..b/\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:60]),
)
def test_broken_http_is_one_clear_line_and_leaves_nothing(publisher: Publisher, tmp_path: Path, raw: bytes) -> None:
    publisher.on["/x"] = Reply(raw=raw)
    with pytest.raises(FetchFailed) as failure:
        get(f"{publisher.base}/x", tmp_path)
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/x", "data:text/plain,hello", "javascript:1", "unix:///run/x.sock"],
)  # fmt: skip
def test_a_redirect_leads_to_http_only(publisher: Publisher, tmp_path: Path, location: str) -> None:
    publisher.on["/x"] = Reply(302, headers={"Location": location})
    with pytest.raises(FetchFailed):
        get(f"{publisher.base}/x", tmp_path)
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://2130706433:{port}/",
        "http://0x7f000001:{port}/", "http://127.1:{port}/", "http://0.0.0.0:{port}/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
        "http://192.168.0.1/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/", "http://100.64.0.1/", "http://224.0.0.1/", "http://inside.example:{port}/",
    ],
)  # fmt: skip
def test_a_public_publisher_cannot_send_us_inside(
    publisher: Publisher, inside: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    # Only the publisher's own name is allowed to be on loopback here, so that its redirect can be served.
    monkeypatch.setenv(PRIVATE_HOSTS, "publisher.example")
    resolve(monkeypatch, publisher__example="127.0.0.1", inside__example="127.0.0.1")
    publisher.on["/x"] = Reply(302, headers={"Location": target.format(port=inside.port)})
    with pytest.raises(FetchFailed, match=r"the node's own network|cannot be reached"):
        get(f"http://publisher.example:{publisher.port}/x", tmp_path, timeouts={"connect": 1})
    assert inside.asked == []


def test_a_name_that_is_taken_over_cannot_lead_us_inside(
    inside: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, publisher__example="127.0.0.1")
    with pytest.raises(FetchFailed, match=r"publisher\.example: the address leads into the node's own network"):
        get(f"http://publisher.example:{inside.port}/", tmp_path)
    assert inside.asked == []
    monkeypatch.setenv(PRIVATE_HOSTS, "other.example, Publisher.example")
    assert get(f"http://publisher.example:{inside.port}/", tmp_path).size_bytes == 8


def test_a_loopback_publisher_cannot_send_us_into_a_private_network() -> None:
    reach = Reach("http://127.0.0.1:8000/")
    assert reach.next_hop("http://127.0.0.1:8000/a", "http://localhost:9000/") == "http://localhost:9000/"
    for inside in ("http://10.0.0.1/", "http://169.254.169.254/"):
        with pytest.raises(FetchFailed, match="own network"):
            reach.next_hop("http://127.0.0.1:8000/a", inside)


def test_a_page_cannot_link_us_inside(
    publisher: Publisher, inside: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRIVATE_HOSTS, "publisher.example")
    resolve(monkeypatch, publisher__example="127.0.0.1")
    publisher.on["/p"] = Reply(body=b'{"data":[1]}', headers={"Link": f"<{inside.base}/>; rel=next"})
    with pytest.raises(FetchFailed, match="own network"):
        get(f"http://publisher.example:{publisher.port}/p", tmp_path, paging="link-header")
    publisher.on["/p"] = Reply(body=f'<a href="{inside.base}/x.csv">'.encode(), headers={"Content-Type": "text/html"})
    with pytest.raises(FetchFailed, match="own network"):
        get(f"http://publisher.example:{publisher.port}/p", tmp_path, link=r"\.csv")
    assert inside.asked == []
    assert list(tmp_path.iterdir()) == []


def test_secrets_do_not_follow_to_another_origin(
    publisher: Publisher, inside: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "hush-hush")
    publisher.on["/x"] = Reply(302, headers={"Location": f"{inside.base}/", "Set-Cookie": "session=hush-hush"})
    headers = {"Authorization": "Bearer ${EXAMPLE_KEY}", "Apikey": "${EXAMPLE_KEY}", "X-Plain": "plain"}
    get(f"{publisher.base}/x?token=${{EXAMPLE_KEY}}", tmp_path, headers=headers)
    received = inside.asked[0].headers
    assert received["x-plain"] == "plain"
    assert not {"authorization", "apikey", "referer"} & set(received)


def test_signed_links_of_a_publisher_are_masked_where_they_show(publisher: Publisher, tmp_path: Path) -> None:
    publisher.on["/x"] = Reply(302, headers={"Location": "/y?X-Amz-Signature=abcdef&X-Amz-Credential=me&n=1"})
    publisher.on["/y"] = Reply(500)
    publisher.on["/p"] = Reply(body=b'{"data":[1]}', headers={"Link": "</q?sig=abcdef&page=2>; rel=next"})
    publisher.on["/q"] = Reply(403)
    for path, more in (("/x", {}), ("/p", {"paging": "link-header"})):
        with pytest.raises(FetchFailed) as failure:
            get(f"{publisher.base}{path}", tmp_path, **more)
        assert "abcdef" not in str(failure.value)


_FETCH = """
import sys, pathlib
from euregio.declarations.source import SourceSpec
from euregio.extract.fetch.gather import gather
from euregio.extract.landing import DatasetFacts, land, validators
from euregio.storage.zones import Zones
zone = Zones(sys.argv[2]).of("nl", "a")
with zone._scratch() as scratch:
    land(zone, gather(SourceSpec(url=sys.argv[1]), scratch, previous=validators(zone)), DatasetFacts("nl.a"))
"""


def test_a_fetch_that_is_killed_leaves_nothing_that_counts(publisher: Publisher, tmp_path: Path) -> None:
    from euregio.storage.zones import Zones

    zone = Zones(str(tmp_path)).of("nl", "a")
    publisher.on["/x"] = Reply(body=b"x" * 1000, drip=0.01)
    process = subprocess.Popen([sys.executable, "-c", _FETCH, f"{publisher.base}/x", str(tmp_path)], env=os.environ)
    while not publisher.asked:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert zone.list() == []
    assert zone.sweep(-5) == 1
    publisher.on["/x"] = Reply(body=b"whole")
    subprocess.run([sys.executable, "-c", _FETCH, f"{publisher.base}/x", str(tmp_path)], check=True, timeout=30)
    assert len(zone.list("landing")) == 3


class _Tls:
    """A certificate authority, a TLS server and a client's certificate, all made here."""

    def __init__(self, folder: Path, *, ask_client: bool = False) -> None:
        self.folder = folder
        self.authority = self._make("authority", None)
        self.server, self.client = self._make("server", self.authority), self._make("client", self.authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        if ask_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority)
        self.context = context

    def _make(self, name: str, issuer: Path | None) -> Path:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer, signed_by = key, subject
        if issuer:
            signer = serialization.load_pem_private_key(issuer.read_bytes(), None)
            signed_by = x509.load_pem_x509_certificate(issuer.read_bytes()).subject
        now = datetime.datetime.now(datetime.UTC)
        usage = dict.fromkeys(
            ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"], False
        )  # fmt: skip
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(signed_by).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage | {"digital_signature": True}, key_cert_sign=issuer is None, crl_sign=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]), critical=False)
            .sign(signer, hashes.SHA256())
        )  # fmt: skip
        path = self.folder / f"{name}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return path


@pytest.fixture
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[Publisher, _Tls]]]:
    """Makes a publisher that speaks TLS."""
    made: list[Publisher] = []

    def make(**options: bool) -> tuple[Publisher, _Tls]:
        tls, publisher = _Tls(tmp_path_factory.mktemp("tls"), **options), Publisher()
        publisher._server.socket = tls.context.wrap_socket(
            publisher._server.socket, server_side=True, do_handshake_on_connect=False
        )
        publisher.base = publisher.base.replace("http://", "https://")
        publisher.on["/x"] = Reply(body=b"data")
        made.append(publisher)
        return publisher, tls

    yield make
    for publisher in made:
        publisher.close()


def test_an_untrusted_certificate_is_refused_at_once(
    secure: Callable[..., tuple[Publisher, _Tls]], tmp_path: Path
) -> None:
    publisher, _ = secure()
    with pytest.raises(FetchFailed, match="certificate is not trusted") as failure:
        get(f"{publisher.base}/x", tmp_path, attempts=3)
    assert not isinstance(failure.value, RetryLater)
    assert publisher.asked == []


def test_https_never_becomes_http(
    secure: Callable[..., tuple[Publisher, _Tls]], inside: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, tls = secure()
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    assert get(f"{publisher.base}/x", tmp_path).size_bytes == 4
    publisher.on["/a"] = Reply(302, headers={"Location": f"{inside.base}/"})
    with pytest.raises(FetchFailed, match="from https to http"):
        get(f"{publisher.base}/a", tmp_path)
    assert inside.asked == []


def test_a_certificate_is_shown_to_the_declared_host_only(
    secure: Callable[..., tuple[Publisher, _Tls]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, tls = secure(ask_client=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    monkeypatch.setenv("EXAMPLE_CERT", str(tls.client))
    with pytest.raises(FetchFailed):
        get(f"{publisher.base}/x", tmp_path)
    assert get(f"{publisher.base}/x", tmp_path, certificate="${EXAMPLE_CERT}").size_bytes == 4
    publisher.on["/a"] = Reply(302, headers={"Location": f"https://localhost:{publisher.port}/x"})
    with pytest.raises(FetchFailed, match="with our certificate, to another host"):
        get(f"{publisher.base}/a", tmp_path, certificate="${EXAMPLE_CERT}")
    monkeypatch.setenv("EXAMPLE_CERT", str(tmp_path / "none.pem"))
    with pytest.raises(FetchFailed, match="client certificate cannot be read") as failure:
        get(f"{publisher.base}/x", tmp_path, certificate="${EXAMPLE_CERT}")
    assert "none.pem" not in str(failure.value)


def test_a_slow_tls_handshake_cannot_hold_a_task(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []
        threading.Thread(target=lambda: connections.append(server.accept()[0]), daemon=True).start()
        begin = time.monotonic()
        with pytest.raises(RetryLater, match="did not answer in time"):
            get(
                f"https://127.0.0.1:{server.getsockname()[1]}/",
                tmp_path,
                timeouts={"connect": 30, "read": 30, "total": 0.5},
            )
        assert time.monotonic() - begin < 5
        for connection in connections:
            connection.close()
