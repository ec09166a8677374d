"""What must hold for any bytes, any address and any secret."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import itertools
import re
import zlib
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from euregio.extract.fetch.addresses import Reach, file_name, is_public, origin
from euregio.extract.fetch.fetched import FetchFailed
from euregio.extract.fetch.secrets import Secrets
from euregio.extract.fetch.unpack import Broken, plain_pieces


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, " DEFLATE ": _bare}


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=3000),
    st.sampled_from(sorted(PACKERS)),
    st.lists(st.integers(0, 10**6), max_size=6),
    st.integers(0, 3),
)
def test_packed_bytes_come_back_however_they_are_cut(
    data: bytes, encoding: str, places: list[int], doubling: int
) -> None:
    data = data * 10**doubling
    packed = PACKERS[encoding](data)
    assert b"".join(plain_pieces(cut(packed, places), encoding, 10**9)) == data


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(1, 100))
def test_a_packed_body_that_is_cut_off_is_noticed(data: bytes, encoding: str, missing: int) -> None:
    packed = PACKERS[encoding](data)
    kept = packed[: max(len(packed) - missing, 2)]
    assume(len(kept) < len(packed))
    with pytest.raises(Broken):
        list(plain_pieces([kept], encoding, 10**9))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_called_packed_are_read_or_refused(data: bytes, encoding: str) -> None:
    for head in (b"", b"\x1f\x8b\x08", b"\x78\x9c"):
        with contextlib.suppress(Broken):
            list(plain_pieces([head + data], encoding, 10**9))


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(["gzip", "deflate", ""]))
def test_the_ceiling_holds_to_the_byte(size: int, ceiling: int, encoding: str) -> None:
    data = PACKERS.get(encoding, bytes)(bytes(size))
    given_out = 0
    try:
        for piece in plain_pieces([data], encoding, ceiling):
            given_out += len(piece)
    except FetchFailed:
        assert max(size, len(data)) > ceiling
    else:
        assert given_out == size <= ceiling
    assert given_out <= ceiling


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.builds(lambda a, b: f"{a}{b}", st.sampled_from(["http://", "https://", "//", "http:", "/", "http://[", "http://a@"]), st.text(max_size=30)),
        st.ip_addresses().map(lambda ip: f"http://[{ip}]/" if ip.version == 6 else f"http://{ip}/"),
    )
)  # fmt: skip
def test_wherever_a_redirect_leads_it_is_refused_or_public_by_its_number(location: str) -> None:
    try:
        target = Reach("https://example.org/a").next_hop("https://example.org/a", location)
    except FetchFailed:
        return
    assert urlsplit(target).scheme == "https"


INSIDE = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15",
        "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.ip_addresses(v=4), *(st.ip_addresses(network=network) for network in INSIDE)))
def test_an_inside_number_is_refused_in_whatever_clothes(ip: ipaddress.IPv4Address) -> None:
    reach, number = Reach("https://example.org/a"), int(ip)
    dressed = [ip, *(ipaddress.IPv6Address(base + number) for base in (0xFFFF << 32, 0x64FF9B << 96))]
    dressed.append(ipaddress.IPv6Address((0x2002 << 112) + (number << 80)))
    passed = []
    for clothes in dressed:
        with contextlib.suppress(FetchFailed):
            reach.check_peer("example.org", str(clothes))
            passed.append(clothes)
    if any(ip in network for network in INSIDE):
        assert passed == []
    elif is_public(ip):
        assert passed == dressed


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_a_file_name_is_always_plain(path: str, disposition: str | None) -> None:
    address = f"https://example.org/{path}"
    with contextlib.suppress(FetchFailed):
        origin(address)
        header = f'attachment; filename="{disposition}"' if disposition is not None else None
        name = file_name(address, header)
        assert re.fullmatch(r"[A-Za-z0-9_+=@-][A-Za-z0-9_.+=@-]{0,119}", name)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=4, max_size=30), st.booleans())
def test_a_secret_never_shows_once_it_was_filled(value: str, in_address: bool) -> None:
    secrets = Secrets(lambda _: value)
    filled = secrets.fill("https://example.org/${KEY}/x?a=${KEY}", in_address=in_address)
    assume("*" not in value and len(value.strip()) >= 4)  # shorter ones would mask half of any text
    shown = secrets.masked(f"failed: {filled} and {value}")
    assume(value.strip() not in "failed: https://example.org/***/x?a=*** and ***")
    assert value.strip() not in shown
