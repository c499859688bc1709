"""Batches as producers write them, and with anything about them wrong that one likes.

Comes in: records. Goes out: bytes of a log.
"""

import gzip
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import cramjam
from aiokafka.codec import snappy_encode
from aiokafka.record.util import calc_crc32c, encode_varint

from streams.kafka.batches.record import PlainRecord
from streams.kafka.batches.version_2 import CONTROL, HEADER, TRANSACTIONAL

PACKERS: Final[dict[int, Callable[[bytes], bytes]]] = {
    0: bytes,
    1: gzip.compress,
    2: snappy_encode,
    3: lambda raw: bytes(cramjam.lz4.compress(raw)),
    4: lambda raw: bytes(cramjam.zstd.compress(raw)),
}


def varint(number: int) -> bytes:
    written = bytearray()
    encode_varint(number, written.append)
    return bytes(written)


def nullable(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def record_bytes(record: PlainRecord, base: int, base_ms: int, names: Callable[[str], bytes] = str.encode) -> bytes:
    body = b"\0" + varint((record.timestamp or 0) - base_ms) + varint(record.offset - base)
    body += nullable(record.key) + nullable(record.value) + varint(len(record.headers))
    body += b"".join(nullable(names(name)) + nullable(value) for name, value in record.headers)
    return varint(len(body)) + body


def batch(
    records: Sequence[PlainRecord],
    codec: int = 0,
    attributes: int = 0,
    producer: int = -1,
    last: int | None = None,
    names: Callable[[str], bytes] = str.encode,
    **more: Any,
) -> bytes:
    """A batch of version 2. `last`: the last offset that it had before it was compacted."""
    base, base_ms = records[0].offset, records[0].timestamp or 0
    body = b"".join(record_bytes(record, base, base_ms, names) for record in records)
    delta = (records[-1].offset if last is None else last) - base
    times = base_ms, max(record.timestamp or 0 for record in records)
    body = PACKERS.get(codec, bytes)(body)
    return sealed(base, attributes | codec, delta, *times, producer, more.get("count", len(records)), body)


def sealed(
    base: int, attributes: int, delta: int, base_ms: int, max_ms: int, producer: int, count: int, body: bytes
) -> bytes:
    raw = bytearray(
        HEADER.pack(base, 0, 0, 2, 0, attributes, delta, base_ms, max_ms, producer, 0, 0, count) + body,
    )
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    return with_crc(raw)


def with_crc(raw: bytes | bytearray) -> bytes:
    """With the checksum that its bytes have, whatever they are."""
    raw = bytearray(raw)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    return bytes(raw)


def mark(offset: int, producer: int, commit: bool) -> bytes:
    """What ends a transaction."""
    key = struct.pack(">hh", 0, int(commit))
    return batch([PlainRecord(offset, 0, key, b"")], attributes=TRANSACTIONAL | CONTROL, producer=producer)


def message(record: PlainRecord, magic: int, codec: int = 0) -> bytes:
    """A message of version 0 or 1."""
    body = struct.pack(">BB", magic, codec)
    body += struct.pack(">q", -1 if record.timestamp is None else record.timestamp) if magic else b""
    for each in (record.key, record.value):
        body += struct.pack(">i", -1 if each is None else len(each)) + (each or b"")
    return struct.pack(">qiI", record.offset, len(body) + 4, zlib.crc32(body)) + body


def messages(records: Sequence[PlainRecord], magic: int, codec: int = 0) -> bytes:
    """One after the other, or inside one that is compressed."""
    if not codec:
        return b"".join(message(record, magic) for record in records)
    last, first = records[-1], records[0].offset
    moved = first if magic else 0
    inside = b"".join(message(each._replace(offset=each.offset - moved), magic) for each in records)
    return message(PlainRecord(last.offset, last.timestamp, None, PACKERS[codec](inside)), magic, codec)
