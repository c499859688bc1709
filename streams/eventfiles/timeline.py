"""Lines in order of time, over all users, however many there are.

Comes in: lines with when and whose they are, each user's in order. Goes out: the same lines by time, on a tie by user.
What is more than memory should hold waits in temporary files, each in order by itself, which are merged at the end.

A replay can tell no change before it has read all: a user who has not been there for long may still bring an event
that was late, and what time alone did to them is known only then. So no part of the order is certain any sooner.

>>> timeline = Timeline()
>>> for day, user in ((8, "ann"), (1, "bob"), (9, "ann"), (8, "abe")):
...     timeline.add(day, user, f"{day} {user}".encode())
>>> list(timeline.lines())
[b'1 bob', b'8 abe', b'8 ann', b'9 ann']
"""

import heapq
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple, Self

from streams.errors import SegmenterError

IN_MEMORY_BYTES = 128 << 20
LINE_BYTES = 250  # what a line costs beside its text
HEAD = struct.Struct("<qII")  # when, and how long the user's id and the text are


class _Line(NamedTuple):
    at_ms: int
    user: str
    text: bytes


def _place(line: _Line) -> tuple[int, str]:
    return line.at_ms, line.user


class Timeline:
    """Add all lines, then take them in order; a block around it throws the temporary files away."""

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES):
        self._limit = in_memory_bytes
        self._waiting: list[_Line] = []
        self._bytes = 0
        self._runs: list[BinaryIO] = []
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def add(self, at_ms: int, user: str, text: bytes) -> None:
        self._waiting.append(_Line(at_ms, user, text))
        self._bytes += len(text) + LINE_BYTES
        if self._bytes >= self._limit:
            self._put_aside()

    def lines(self) -> Iterator[bytes]:
        # Both keep the order in which equals were added, which is that of each user's lines.
        self._waiting.sort(key=_place)
        return (line.text for line in heapq.merge(*map(_read, self._runs), self._waiting, key=_place))

    def _put_aside(self) -> None:
        self._waiting.sort(key=_place)
        try:
            aside = tempfile.TemporaryFile(prefix="segmenter-")  # noqa: SIM115 - closed with all others, when all is read
            run = self._opened.enter_context(aside)
            for at_ms, user, text in self._waiting:
                name = user.encode()
                run.write(HEAD.pack(at_ms, len(name), len(text)) + name + text)
            run.flush()
            self._runs.append(run)
        except OSError as error:
            raise SegmenterError(
                f"What waits to be put in order does not fit into {tempfile.gettempdir()}: {error.strerror}. "
                "The variable TMPDIR names another folder."
            ) from error
        self._waiting, self._bytes = [], 0


def _read(run: BinaryIO) -> Iterator[_Line]:
    run.seek(0)
    while head := run.read(HEAD.size):
        at_ms, name, text = HEAD.unpack(head)
        yield _Line(at_ms, run.read(name).decode(), run.read(text))
