"""Files as arrivals: the lines of each in its own order, several merged by the time of the line each has come to.

Comes in: files, each a source of its own, as what their lines mean. Goes out: batches of events, in the order to apply
them. Lines that cannot be used are handed to `reject`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from streams.core.batch import Batch
from streams.core.engine.inbox import Inbox
from streams.core.events import Event, Ignored, Reject
from streams.eventfiles.decoded import Source
from streams.eventfiles.rejects import RejectedLine

BATCH_EVENTS: Final = 2_000


class Arrivals:
    """One pass over files; `lines`, `rejected` and `passed_over`, by what the line is, count as it goes.

    until_ms: events after it are passed over, as if they had not happened yet. progress: called whenever some of a file
    has been read.
    """

    def __init__(
        self,
        files: Sequence[Source],
        reject: Callable[[RejectedLine], object],
        until_ms: int | None,
        progress: Callable[[], object],
    ):
        self._reject, self._until_ms, self.progress = reject, until_ms, progress
        # A file may be named twice.
        self._unread = {f"{place} {file.name}": file for place, file in enumerate(files)}
        self._sources = tuple(self._unread)
        self._inbox = Inbox(self._sources)
        self.lines = self.rejected = 0
        self.passed_over = Counter[str]()

    def batches(self) -> Iterator[Batch]:
        while self._unread or any(map(self._inbox.held, self._sources)):
            for source in self._sources:
                # Each batch has a price of its own: what is read at one go may be few events, of a process's own users.
                while source in self._unread and self._inbox.held(source) < BATCH_EVENTS:
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
        arrived = file.read()
        self.progress()
        if arrived is None:
            self._inbox.caught_up[source] = True
            del self._unread[source]
            return
        events: list[Event] = []
        numbers: list[int] = []
        self.lines += len(arrived.numbers)
        for place, (number, means) in enumerate(zip(arrived.numbers, arrived.decoded, strict=True)):
            match means:
                case Event() as event:
                    if self._until_ms is None or event.ts <= self._until_ms:
                        events.append(event)
                        numbers.append(number)
                case Reject() as why:
                    self._refuse(RejectedLine(file.name, number, arrived.lines[place], why))
                case Ignored(kind):
                    self.passed_over[kind] += 1
        self._inbox.add(source, Batch.of(events, numbers), arrived.next_number)
