"""Records of Kafka in a file, with their keys and times: what a history out of topics is put into.

Comes in: records, or such a file. Goes out: the file; or its records as lines, which begin as no line of JSON does, and
what they mean.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from streams.backtest.blocks import Block, Numbered, TextBlock
from streams.backtest.rows import Rows
from streams.core.arrays import Ints
from streams.core.engine.erasure import Erasure
from streams.core.events import Decoded, Event, Ignored
from streams.core.merges import Noted
from streams.eventfiles.lines import CHUNK_BYTES
from streams.eventfiles.rejects import RejectedLine
from streams.sources import Decoder, profile_commands
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS, PROFILE_COMMANDS

SUFFIX: Final = ".records"
HEAD: Final = b"\0record\0"
LENGTH: Final = struct.Struct(">I")
TOPICS: Final = (PRODUCT_EVENTS, BILLING_UPDATES, PROFILE_COMMANDS)
NO_NEWS: Final = Ignored("a command")
OF_ERASED: Final = Ignored("of an erased user")


class Framed(msgspec.Struct, array_like=True, gc=False):
    """topic: its place in `TOPICS`."""

    topic: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    offset: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Framed).decode


def write(file: BinaryIO, record: Framed) -> None:
    packed = _encode(record)
    file.write(LENGTH.pack(len(packed)) + packed)


def told(rejected: RejectedLine) -> str:
    """A record by its offset, as everywhere else; a line as it tells itself."""
    if not rejected.line.startswith(HEAD):
        return str(rejected)
    return f"{rejected.file}, offset {_decode(rejected.line[len(HEAD) :]).offset}: {rejected.why.reason}"


class RecordBlock:
    """Records of a file: who each is about is said in its value."""

    def __init__(self, first: int, lines: Sequence[bytes]):
        self.first, self._lines = first, lines

    def __len__(self) -> int:
        return len(self._lines)

    def hashes(self) -> Ints:
        # A record without a value is no blank line: it is nobody's, which is told.
        values = [_decode(line[len(HEAD) :]).value or b"0" for line in self._lines]
        return TextBlock.of_texts(self.first, values).hashes()

    def at(self, places: Ints) -> Sequence[bytes]:
        return [self._lines[place] for place in places.tolist()]

    def all(self) -> Numbered:
        return Numbered(range(self.first, self.first + len(self)), self._lines)


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

    def read(self) -> Block | None:
        lines: list[bytes] = []
        held = 0
        while held < CHUNK_BYTES and (length := self._file.read(LENGTH.size)):
            line = HEAD + self._file.read(*LENGTH.unpack(length))
            lines.append(line)
            held += len(line)
        if not lines:
            return None
        first, self._next_number = self._next_number, self._next_number + len(lines)
        return RecordBlock(first, lines)

    def close(self) -> None:
        self._file.close()


class HistoryDecoder:
    """Lines of files, and records of topics. erased: by user, up to when (ms) what happened is passed over."""

    def __init__(self, decoder: Decoder, erased: Mapping[str, int]):
        self._decoder, self._erased = decoder, erased
        self._of = [decoder.of.get(topic.name) for topic in TOPICS]

    def decode_line(self, line: bytes) -> Decoded:
        return self.decode_lines([line])[0]

    def decode_lines(self, lines: Sequence[bytes]) -> list[Decoded]:
        """All of one file."""
        if isinstance(lines, Rows):
            return self._decode_rows(lines)
        if not lines or not lines[0].startswith(HEAD):
            return self._decoder.decode_lines(lines)
        records = [_decode(line[len(HEAD) :]) for line in lines]
        decoder = self._of[records[0].topic]
        if decoder is None:
            return list(map(_merge, records))
        return [self._unless_erased(decoded) for decoded in decoder.decode_all(records)]

    def _decode_rows(self, rows: Rows) -> list[Decoded]:
        columns = rows.columns()
        if columns is None:
            return self._decode_others(rows)
        decoded: list[Decoded | None] = [*self._decoder.product.decode_plain(columns)]
        for place in rows.to_look_into():
            decoded[place] = None
        others = [place for place, means in enumerate(decoded) if means is None]
        instead = iter(self._decode_others(rows.at(others)) if others else ())
        return [next(instead) if means is None else means for means in decoded]

    def _decode_others(self, rows: Rows) -> list[Decoded]:
        product, skims = self._decoder.product, rows.skims()
        rows.make([place for place, skim in enumerate(skims) if skim is None or product.reads_more(skim)])
        return product.decode_skimmed(skims, rows.records(), self._decoder.decode_line)

    def _unless_erased(self, decoded: Decoded) -> Decoded:
        if isinstance(decoded, Event) and decoded.ts <= self._erased.get(decoded.subject, decoded.ts - 1):
            return OF_ERASED
        return decoded


def _merge(record: Framed) -> Decoded:
    command = profile_commands.decode(record.value, record.key, record.timestamp)
    return NO_NEWS if command is None or isinstance(command, Erasure | Noted) else command
