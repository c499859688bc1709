"""Records of Kafka in a file, with their keys and times: what a history out of topics is put into.

Comes in: records, or such a file. Goes out: the file; or its records as lines, which begin as no line of JSON does, and
what they mean.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from streams.core.engine.erasure import Erasure
from streams.core.events import Decoded, Event, Ignored
from streams.eventfiles.lines import CHUNK_BYTES, Chunk
from streams.sources import Decoder, profile_commands
from streams.sources.inputs import InputDecoder
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS, PROFILE_COMMANDS

SUFFIX: Final = ".records"
HEAD: Final = b"\0"
LENGTH: Final = struct.Struct(">I")
TOPICS: Final = (PRODUCT_EVENTS, BILLING_UPDATES, PROFILE_COMMANDS)
NO_NEWS: Final = Ignored("a command")


class Framed(msgspec.Struct, array_like=True, gc=False):
    """topic: its place in `TOPICS`."""

    topic: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Framed).decode


def write(file: BinaryIO, record: Framed) -> None:
    packed = _encode(record)
    file.write(LENGTH.pack(len(packed)) + packed)


class RecordFile:
    """One file, read from its beginning. Its name says which topic and partition it is of."""

    def __init__(self, path: Path):
        self.name = path.stem
        self.size = path.stat().st_size
        self._file = path.open("rb")
        self._next_number = 1

    @property
    def position(self) -> int:
        return self._file.tell()

    def read(self) -> Chunk:
        lines: list[bytes] = []
        held = 0
        while held < CHUNK_BYTES and (length := self._file.read(LENGTH.size)):
            line = HEAD + self._file.read(*LENGTH.unpack(length))
            lines.append(line)
            held += len(line)
        first, self._next_number = self._next_number, self._next_number + len(lines)
        return Chunk(first, lines)

    def mentions(self, words: Sequence[bytes]) -> bool:
        while lines := self.read().lines:
            block = b"".join(lines)
            if any(word in block for word in words):
                return True
        return False

    def close(self) -> None:
        self._file.close()


class HistoryDecoder:
    """Lines of files, and records of topics. erased: by user, up to when (ms) what happened is passed over."""

    def __init__(self, decoder: Decoder, erased: Mapping[str, int]):
        self._decoder, self._erased = decoder, erased
        self._of = [decoder.of.get(topic.name) for topic in TOPICS]

    @property
    def product(self) -> InputDecoder:
        return self._decoder.of[PRODUCT_EVENTS.name]

    def decode_line(self, line: bytes) -> Decoded:
        if not line.startswith(HEAD):
            return self._decoder.decode_line(line)
        record = _decode(memoryview(line)[len(HEAD) :])
        decoder = self._of[record.topic]
        if decoder is None:
            return _merge(record)
        decoded = decoder.decode(record.value, record.key, record.timestamp)
        if isinstance(decoded, Event) and decoded.ts <= self._erased.get(decoded.subject, decoded.ts - 1):
            return Ignored("of an erased user")
        return decoded


def _merge(record: Framed) -> Decoded:
    command = profile_commands.decode(record.value, record.key, record.timestamp)
    return NO_NEWS if command is None or isinstance(command, Erasure) else command
