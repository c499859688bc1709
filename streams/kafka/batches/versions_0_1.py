"""Messages of version 0 and 1, from before 0.11 (https://kafka.apache.org/documentation/#messageset).

Comes in: the bytes of one message. Goes out: its record, or the records of those that are compressed inside it.

No broker of today writes them, but each sends them as they lie in an old segment. They are few, and read slowly.
"""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Final

from streams.kafka.batches.compression import MOST_BYTES, unpack
from streams.kafka.batches.record import SEND_AGAIN, Damaged, PlainRecord
from streams.kafka.batches.version_2 import CODEC, LOG_APPEND_TIME, MOST_RECORDS, NO_TIME

# offset, size, crc, magic, attributes
HEADER: Final = Struct(">qiIBB")
CRC_AT: Final = 12
MAGIC_AT: Final = 16
TIMESTAMP: Final = Struct(">q")
LENGTH: Final = Struct(">i")
WRONG: Final = f"its bytes make no sense: its producer wrote it wrong; {SEND_AGAIN} by another version of it"


def has_its_crc(raw: memoryview) -> bool:
    return zlib.crc32(raw[MAGIC_AT:]) == int.from_bytes(raw[CRC_AT:MAGIC_AT])


class Message:
    """One, as it lies in a log. `offset`: its own, or that of the last one inside it."""

    def __init__(self, raw: memoryview):
        try:
            self.offset, _, _, self._magic, self._attributes = HEADER.unpack_from(raw)
            at, timestamp = HEADER.size, NO_TIME
            if self._magic == 1:
                (timestamp,) = TIMESTAMP.unpack_from(raw, at)
                at += TIMESTAMP.size
            self._key, at = _nullable(raw, at)
            self._value, at = _nullable(raw, at)
        except Exception as error:
            raise Damaged(WRONG) from error
        if at != len(raw):
            raise Damaged(WRONG)
        self._timestamp = None if timestamp == NO_TIME else timestamp

    def records(self, most: int = MOST_BYTES) -> list[PlainRecord]:
        codec = self._attributes & CODEC
        if not codec:
            return [PlainRecord(self.offset, self._timestamp, self._key, self._value)]
        inside = list(_inside(unpack(codec, memoryview(self._value or b""), most)))
        if not inside or any(each._attributes & CODEC for each in inside):
            raise Damaged(WRONG)
        # In version 1 they count from 0, and the last has the offset of the message around it.
        moved = self.offset - inside[-1].offset if self._magic == 1 else 0
        return [PlainRecord(each.offset + moved, self._time_of(each), each._key, each._value) for each in inside]

    def _time_of(self, inside: "Message") -> int | None:
        return self._timestamp if self._attributes & LOG_APPEND_TIME else inside._timestamp


def _inside(raw: bytes) -> Iterator[Message]:
    view, at = memoryview(raw), 0
    for _ in range(MOST_RECORDS):
        if at == len(raw):
            return
        if at + HEADER.size > len(raw):
            break
        (size,) = LENGTH.unpack_from(raw, at + 8)
        end = at + 12 + size
        if size < 0 or end > len(raw):
            break
        yield Message(view[at:end])
        at = end
    raise Damaged(WRONG)


def _nullable(raw: memoryview, at: int) -> tuple[bytes | None, int]:
    (length,) = LENGTH.unpack_from(raw, at)
    at += LENGTH.size
    if length < 0:
        return None, at
    return bytes(raw[at : at + length]), at + length
