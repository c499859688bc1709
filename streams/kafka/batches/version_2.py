"""The records of a batch of version 2, as brokers write it since 0.11 (https://kafka.apache.org/documentation/#recordbatch).

Comes in: the header of a batch and its records, unpacked. Goes out: the records, and what of them cannot be read.

Of a batch that is well, aiokafka's compiled parser makes them at once. It gives up a batch as a whole; so one that is
not well, and one that is so big that its headers alone could fill the memory, is read the slow way, record by record.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import attrgetter
from struct import Struct
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatch

from streams.kafka.batches.record import SEND_AGAIN, Damaged, PlainRecord, Record, Unreadable

# baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta, baseTimestamp, maxTimestamp,
# producerId, producerEpoch, baseSequence, records
HEADER: Final = Struct(">qiibIhiqqqhii")
CODEC_AT: Final = 22  # the lower byte of the attributes
CODEC: Final = 0b111
LOG_APPEND_TIME: Final = 1 << 3
TRANSACTIONAL: Final = 1 << 4
CONTROL: Final = 1 << 5
# Beyond these a batch is no batch of events.
BIG_BYTES: Final = 8 << 20
MOST_RECORDS: Final = 500_000
MOST_HEADERS: Final = 1_000  # of a record
MOST_HEADERS_IN_ALL: Final = 2_000_000
LONGEST_VARINT: Final = 10
NO_TIME: Final = -1
NAMES_ARE_TEXTS: Final = "bytes belong into a header's value; send it again so"
OFFSET: Final[Callable[[Record], int]] = attrgetter("offset")


def records_of(raw: bytes | memoryview) -> tuple[Sequence[Record], Sequence[Unreadable]]:
    """The records of a batch that is not compressed, or not any more."""
    batch = DefaultRecordBatch(raw)
    if len(raw) <= BIG_BYTES:
        try:
            records: list[Record] = list(batch)
        except Exception:  # noqa: BLE001 - of whatever kind; what is wrong, the slow way finds
            return _slowly(batch, raw)
        if are_in_order(records, batch.base_offset, batch.next_offset):
            return records, ()
    return _slowly(batch, raw)


def are_in_order(records: Sequence[Record], first: int, end: int) -> bool:
    """Whether their offsets grow, and lie within the batch's."""
    offsets = list(map(OFFSET, records))
    if len(offsets) == end - first and offsets == list(range(first, end)):
        return True
    return not offsets or (first <= offsets[0] and offsets[-1] < end and all(a < b for a, b in pairwise(offsets)))


def uncompressed(raw: memoryview, body: bytes) -> bytes:
    """A batch as it would be had its records not been compressed."""
    head = bytearray(raw[: HEADER.size])
    head[CODEC_AT] &= ~CODEC
    return bytes(head) + body


def _slowly(batch: DefaultRecordBatch, raw: bytes | memoryview) -> tuple[list[Record], list[Unreadable]]:
    """All up to where the bytes make no sense; a record alone where no more is wrong than a header's name."""
    records: list[Record] = []
    unreadable: list[Unreadable] = []
    *_, count = HEADER.unpack_from(raw)
    body, begin, least = _Bytes(bytes(raw[HEADER.size :])), 0, batch.base_offset
    try:
        if count > MOST_RECORDS:
            raise Damaged(f"it has more than {MOST_RECORDS:,} records: {SEND_AGAIN} in smaller batches (batch.size)")
        for _ in range(count):
            found = _record(batch, body)
            if not least <= found.offset < batch.next_offset:
                raise _NoSense
            if isinstance(found, Unreadable):
                unreadable.append(found)
            else:
                records.append(found)
            begin, least = body.at, found.offset + 1
        if begin < len(body.all) or count < 0:
            raise _NoSense
    except Damaged as error:
        unreadable.append(Unreadable(least, None, body.all[begin:], str(error)))
    except _NoSense:
        unreadable.append(Unreadable(least, None, body.all[begin:], _wrong(count, len(records) + len(unreadable))))
    return records, unreadable


def _record(batch: DefaultRecordBatch, body: "_Bytes") -> PlainRecord | Unreadable:
    length = body.varint()
    end = body.at + length
    body.take(1)  # attributes, none of which mean anything yet
    timestamp = batch.first_timestamp + body.varint()
    if batch.attributes & LOG_APPEND_TIME:
        timestamp = batch.max_timestamp
    offset = batch.base_offset + body.varint()
    key, value = body.nullable(), body.nullable()
    headers = [(body.nullable(), body.nullable()) for _ in range(body.headers())]
    if body.at != end:
        raise _NoSense
    try:
        named = [(_name(name), content) for name, content in headers]
    except UnicodeDecodeError:
        return Unreadable(offset, key, value, f"the name of one of its headers is not UTF-8: {NAMES_ARE_TEXTS}")
    return PlainRecord(offset, None if timestamp == NO_TIME else timestamp, key, value, named)


def _name(name: bytes | None) -> str:
    if name is None:
        raise _NoSense
    return name.decode()


def _wrong(count: int, read: int) -> str:
    return (
        f"it says that it has {count} records, and its bytes make no sense after {read}: its producer wrote it"
        f" wrong; {SEND_AGAIN} by another version of it"
    )


class _NoSense(Exception):
    """The bytes are none of a record's."""


class _Bytes:
    """The bytes of a batch's records, and how far they have been read."""

    def __init__(self, everything: bytes):
        self.all = everything
        self.at = 0
        self._headers_left = MOST_HEADERS_IN_ALL

    def take(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self.all):
            raise _NoSense
        taken = self.all[self.at : end]
        self.at = end
        return taken

    def varint(self) -> int:
        """A whole number of up to 64 bits, its sign in the last (https://protobuf.dev/programming-guides/encoding/)."""
        number = 0
        for shift in range(0, 7 * LONGEST_VARINT, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise _NoSense

    def nullable(self) -> bytes | None:
        length = self.varint()
        return None if length < 0 else self.take(length)

    def headers(self) -> int:
        """How many there are of a record."""
        count = self.varint()
        self._headers_left -= count
        if not 0 <= count <= MOST_HEADERS or self._headers_left < 0:
            raise _NoSense
        return count
