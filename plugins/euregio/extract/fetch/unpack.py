"""The body of an answer, piece by piece: Content-Encoding removed, size bounded on both sides, never large in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from euregio.extract.fetch.fetched import FetchFailed

_PIECE = 1024 * 1024
_IDENTITY = ("", "identity", "none", "binary", "utf-8", "aws-chunked")  # what misled servers write for plain bytes


class Broken(Exception):
    """The body ended too early or is damaged: worth another attempt."""


def plain_pieces(raw: Iterable[bytes], encoding: str, ceiling_bytes: int) -> Iterator[bytes]:
    """The body without its Content-Encoding (gzip, deflate), in pieces of at most 1 MB.

    A body that says gzip and is not is given as it is: some servers do that. Raises Broken for damaged or cut-off
    bodies, FetchFailed for other encodings and for more than `ceiling_bytes`, packed or unpacked.
    """
    steps = [step.strip().lower() for step in encoding.split(",")]
    steps = [step for step in steps if step not in _IDENTITY]
    if len(steps) > 1 or (steps and steps[0] not in ("gzip", "x-gzip", "deflate")):
        raise FetchFailed(
            "the answer is packed in a way that was not asked for", found=f"Content-Encoding: {encoding}",
            expected="gzip, deflate or none",
        )  # fmt: skip
    packed = bounded(raw, ceiling_bytes)
    return bounded(_inflated(packed, steps[0]), ceiling_bytes) if steps else packed


def bounded(pieces: Iterable[bytes], ceiling_bytes: int) -> Iterator[bytes]:
    """The same pieces, until they pass the ceiling: then FetchFailed."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > ceiling_bytes:
            raise too_large(size, ceiling_bytes)
        yield piece


def too_large(size: int, ceiling_bytes: int) -> FetchFailed:
    """The error for an answer beyond the ceiling."""
    return FetchFailed(
        "the answer is larger than the dataset's ceiling", found=f"{size} bytes or more", expected=f"at most {ceiling_bytes} bytes",
        do="If that is right, raise `ceiling_bytes` in the dataset's source.",
    )  # fmt: skip


def _inflated(packed: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    inflater, bits = None, 0
    for data in _with_head(packed):
        if not bits:
            bits = _window_bits(data, encoding)
            if not bits:
                yield data
                yield from packed
                return
        rest = data
        while rest:
            if inflater is None or inflater.eof:
                if inflater is not None and (bits != 31 or not rest.strip(b"\x00")):
                    break  # padding after the end
                inflater = zlib.decompressobj(bits)
            try:
                piece = inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise Broken(f"the packed answer is damaged ({error})") from None
            if piece:
                yield piece
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            if not rest and not inflater.eof and len(piece) == _PIECE:
                while piece := inflater.decompress(b"", _PIECE):  # what is still inside
                    yield piece
    if inflater is not None and not inflater.eof:
        raise Broken("the packed answer is cut off")


def _with_head(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, the first at least two bytes long, so that its kind can be told."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 2:
            yield head
            break
    else:
        if head:
            yield head
        return
    yield from pieces


def _window_bits(head: bytes, encoding: str) -> int:
    """What zlib must be told: 31 for gzip, 15 for zlib, -15 for bare deflate; 0 where the body is not packed."""
    if encoding != "deflate":
        return 31 if head.startswith(b"\x1f\x8b") else 0
    return 15 if len(head) > 1 and head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0 else -15
