"""The codecs: what was compressed, unpacked, but never to more than is sane.

Comes in: the number of a codec and the bytes. Goes out: the bytes unpacked; `Damaged` where that cannot be.

A few kilobytes can unpack to gigabytes, so each codec writes into a buffer that ends (cramjam), or stops where it is
told to (zlib). Snappy comes in two forms: one block, as librdkafka writes it, and snappy-java's blocks in a frame
(https://github.com/xerial/snappy-java, SnappyOutputStream).
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

import cramjam

from streams.kafka.batches.record import SEND_AGAIN, Damaged

# Thirty times the longest batch that our topics take; JSON packs 5 to 20 times.
MOST_BYTES: Final = 64 << 20
FIRST_GUESS: Final = 8  # times as much as was packed
LEAST_BUFFER: Final = 64 << 10
NAMES: Final = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
GZIP: Final = 16 + zlib.MAX_WBITS
XERIAL: Final = b"\x82SNAPPY\0"
XERIAL_HEADER: Final = 16


class _Full(Exception):
    """More comes out than was to."""


def unpack(codec: int, packed: memoryview, most: int = MOST_BYTES) -> bytes:
    """`packed` as it was before the codec of this number packed it."""
    if codec not in NAMES:
        raise Damaged(
            f"it is compressed by a codec that Kafka does not know, number {codec}: set compression.type to one of"
            f" {', '.join(NAMES.values())} at the producer and {SEND_AGAIN}"
        )
    try:
        return UNPACKERS[codec](packed, most)
    except _Full:
        raise Damaged(
            f"it unpacks to more than {most >> 20} MiB of records: {SEND_AGAIN} in smaller batches (batch.size)"
        ) from None
    except Exception as error:
        raise Damaged(
            f"it says that it is compressed with {NAMES[codec]}, and cannot be unpacked: its producer wrote it wrong;"
            f" {SEND_AGAIN} by another version of it, or with another compression.type"
        ) from error


def _gzip(packed: memoryview, most: int) -> bytes:
    parts: list[bytes] = []
    rest = bytes(packed)
    while rest:
        member = zlib.decompressobj(GZIP)
        parts.append(member.decompress(rest, most + 1))
        most -= len(parts[-1])
        if most < 0:
            raise _Full
        if not member.eof:
            raise ValueError("it ends too early")
        rest = member.unused_data
    return b"".join(parts)


def _snappy(packed: memoryview, most: int) -> bytes:
    if bytes(packed[: len(XERIAL)]) != XERIAL:
        return _snappy_block(packed, most)
    parts: list[bytes] = []
    for block in _xerial_blocks(packed):
        parts.append(_snappy_block(block, most))
        most -= len(parts[-1])
    return b"".join(parts)


def _xerial_blocks(packed: memoryview) -> Iterator[memoryview]:
    at = XERIAL_HEADER
    while at < len(packed):
        end = at + 4 + int.from_bytes(packed[at : at + 4])
        if end > len(packed):
            raise ValueError("it ends too early")
        yield packed[at + 4 : end]
        at = end


def _snappy_block(packed: memoryview, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(packed) > most:
        raise _Full
    return bytes(cramjam.snappy.decompress_raw(packed))


def _into(decompress_into: Callable[[memoryview, bytearray], int]) -> Callable[[memoryview, int], bytes]:
    """For codecs that do not say beforehand how long it will be: again into a larger buffer where one was full."""

    def unpacked(packed: memoryview, most: int) -> bytes:
        size = max(LEAST_BUFFER, FIRST_GUESS * len(packed))
        while True:
            buffer = bytearray(min(size, most))
            try:
                return bytes(memoryview(buffer)[: decompress_into(packed, buffer)])
            except cramjam.DecompressionError as error:
                if "whole buffer" not in str(error):
                    raise
                if size >= most:
                    raise _Full from error
                size *= 8

    return unpacked


UNPACKERS: Final[dict[int, Callable[[memoryview, int], bytes]]] = {
    1: _gzip,
    2: _snappy,
    3: _into(cramjam.lz4.decompress_into),
    4: _into(cramjam.zstd.decompress_into),
}
