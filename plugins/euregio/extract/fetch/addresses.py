"""Which addresses a fetch may reach: as declared, and from there only out into the public network, never down to http,
to files, or into the node's own network (server-side request forgery)."""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from euregio.extract.fetch.fetched import FetchFailed

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}
#: Host names that may lie in the node's own network (comma-separated), such as another container's.
PRIVATE_HOSTS = "EUREGIO_PRIVATE_HOSTS"

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reach:
    """What may be reached from one declared address."""

    def __init__(self, declared: str) -> None:
        self.declared = declared
        host = host_of(declared)
        self._literal = _literal(host)

    @property
    def is_inside(self) -> bool:
        """Whether the declared host is in the node's own network by its very name."""
        return (self._literal is not None and not is_public(self._literal)) or host_of(
            self.declared
        ) in _private_hosts()

    def check(self, url: str) -> None:
        """Refuse an address that is none of HTTP, or that names a host inside. Raises FetchFailed."""
        parts = _split(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise FetchFailed(
                "the address leads to something that is not HTTP", found=f"{parts.scheme or 'no scheme'}:"
            )
        literal = _literal(parts.hostname)
        if literal is not None:
            self.check_peer(parts.hostname, str(literal))

    def check_peer(self, host: str, peer: str) -> None:
        """Refuse a connection of `host` to the numeric address `peer` inside the node's network. Raises FetchFailed."""
        try:
            ip = _plain(ipaddress.ip_address(peer.partition("%")[0]))
        except ValueError:
            raise FetchFailed("the connection has no numeric address", where=host, found=peer) from None
        if is_public(ip) or host.lower() in _private_hosts():
            return
        if self._literal is not None and _kind(self._literal) == _kind(ip) != "link-local":  # where clouds keep keys
            return
        raise FetchFailed(
            f"the address leads into the node's own network ({_kind(ip)})", where=host,
            do=f"If that host is meant, name it in {PRIVATE_HOSTS}.",
        )  # fmt: skip

    def next_hop(self, url: str, location: str) -> str:
        """Where a redirect or a link on `url` leads. Raises FetchFailed where it may not."""
        try:
            target = urljoin(url, location.strip())
        except ValueError:
            raise FetchFailed("the publisher sends us to an address that is none") from None
        if _split(url).scheme == "https" and _split(target).scheme == "http":
            raise FetchFailed(
                "the publisher sends us from https to http, where anyone could change the data",
                where=host_of(target), do="Declare the https address that serves the file.",
            )  # fmt: skip
        self.check(target)
        return target


def is_public(ip: _Ip) -> bool:
    """Whether the address lies in the public network."""
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what secrets are bound to."""
    parts = _split(url)
    try:
        port = parts.port
    except ValueError:
        raise FetchFailed("the address has a port that is none") from None
    return parts.scheme, (parts.hostname or "").lower(), port or _PORTS.get(parts.scheme, 0)


def host_of(url: str) -> str:
    """The host's name, lower case."""
    return (_split(url).hostname or "").lower()


def file_name(address: str, disposition: str | None = None) -> str:
    """A short plain file name: of Content-Disposition, else the last part of the (masked) address' path, else its host."""
    named = ""
    if disposition:
        extended = re.search(r"(?i)filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)", disposition)
        plain = re.search(r'(?i)filename\s*=\s*(?:"([^"]*)"|([^;\s]+))', disposition)
        named = unquote(extended[1]) if extended else (plain[1] or plain[2] or "") if plain else ""
    for text in (named, unquote(_split(address).path), host_of(address)):
        last = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
        clean = re.sub(r"[^\w.+=@-]+", "_", last, flags=re.ASCII).strip("._")
        if clean and "***" not in last and "${" not in last:
            return clean[-120:].lstrip(".")
    return "file"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise FetchFailed("the address is none") from None


def _private_hosts() -> set[str]:
    return {name.strip().lower() for name in os.environ.get(PRIVATE_HOSTS, "").split(",") if name.strip()}


def _literal(host: str) -> _Ip | None:
    """The address that a host spells out; a name such as localhost stands for loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return _plain(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def _plain(ip: _Ip) -> _Ip:
    """An IPv4 address in whatever IPv6 clothes, undressed."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped or ip.sixtofour:
            return ip.ipv4_mapped or ip.sixtofour or ip
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _kind(ip: _Ip) -> str:
    if ip.is_loopback:
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    return "public" if is_public(ip) else "private" if ip.is_private else "reserved"
