"""Files as arrivals: the lines of each in its own order, several merged by the time of the line each has come to.

Comes in: JSON Lines files, each a source of its own, and how a line is decoded. Goes out: batches of events, in the
order to apply them. Lines that cannot be used are handed to `reject`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from streams.core.batch import Batch
from streams.core.engine.inbox import Inbox
from streams.core.events import Decoded, Event, Ignored, Reject
from streams.eventfiles.lines import Chunk
from streams.eventfiles.rejects import RejectedLine

BATCH_EVENTS: Final = 2_000


class LineDecoder(Protocol):
    """What lines of a file mean."""

    def decode_lines(self, lines: Sequence[bytes]) -> Sequence[Decoded]:
        """Of each."""


class Lines(Protocol):
    """A file of lines. `name` is what the user called it."""

    @property
    def name(self) -> str: ...

    @property
    def position(self) -> int:
        """How many bytes of it have been read, as they are on disk."""

    @property
    def size(self) -> int: ...

    def read(self) -> Chunk:
        """The lines that can be had at once, at least one; no lines at the end."""


class Arrivals:
    """One pass over files; `lines`, `rejected` and `passed_over`, by what the line is, count as it goes.

    until_ms: events after it are passed over, as if they had not happened yet. progress: told of a file whenever some
    of it has been read.
    """

    def __init__(
        self,
        decoder: LineDecoder,
        files: Sequence[Lines],
        reject: Callable[[RejectedLine], object],
        until_ms: int | None,
        progress: Callable[[Lines], object],
    ):
        self._decoder, self._reject, self._until_ms, self.progress = decoder, reject, until_ms, progress
        # A file may be named twice.
        self._unread = {f"{place} {file.name}": file for place, file in enumerate(files)}
        self._sources = tuple(self._unread)
        self._inbox = Inbox(self._sources)
        self.lines = self.rejected = 0
        self.passed_over = Counter[str]()

    def batches(self) -> Iterator[Batch]:
        while self._unread or any(map(self._inbox.held, self._sources)):
            for source in self._sources:
                if source in self._unread and not self._inbox.held(source):
                    self._read(source)
            batch = self._inbox.take(BATCH_EVENTS)
            if len(batch):
                yield batch

    def refuse(self, batch: Batch, at: int | None, line: bytes, why: Reject) -> None:
        """What turns out to be unusable when it is applied: an event of a batch, where it is known which."""
        number = 0 if at is None else int(batch.offsets[at])
        source = self._sources[0 if at is None else int(batch.sources[at])]
        self._refuse(RejectedLine(source.partition(" ")[2], number, line, why))

    def _refuse(self, rejected: RejectedLine) -> None:
        self.rejected += 1
        self._reject(rejected)

    def _read(self, source: str) -> None:
        """The next lines of a file into the inbox; at its end it holds nobody back any more."""
        file = self._unread[source]
        chunk = file.read()
        self.progress(file)
        if not chunk.lines:
            self._inbox.caught_up[source] = True
            del self._unread[source]
        events: list[Event] = []
        numbers: list[int] = []
        found = list(chunk)
        self.lines += len(found)
        decoded = self._decoder.decode_lines([line for _, line in found])
        for (number, line), means in zip(found, decoded, strict=True):
            match means:
                case Event() as event:
                    if self._until_ms is None or event.ts <= self._until_ms:
                        events.append(event)
                        numbers.append(number)
                case Reject() as why:
                    self._refuse(RejectedLine(file.name, number, line, why))
                case Ignored(kind):
                    self.passed_over[kind] += 1
        self._inbox.add(source, Batch.of(events, numbers), chunk.first + len(chunk.lines))
