"""Files through the engine: what `segmenter replay` runs (docs/semantics.md#replay).

Comes in: a rulebook and JSON Lines files, each a source of its own. Goes out: the changes, each user's in order of
time. Lines that cannot be used are handed to `reject`.

    file ──▶ Decoder ──▶ Inbox (merge by time) ──▶ Identities ──▶ Refreshing.step ──▶ changes
    at the end ──▶ Refreshing.pass_time ──▶ changes
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.inbox import Inbox
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event, Ignored, Reject
from streams.core.identities.identities import Identities
from streams.core.kernel.layout import CLOCK, NEVER
from streams.eventfiles.lines import LineFile
from streams.eventfiles.rejects import RejectedLine
from streams.settings import KEEP_UNLINKED_MS
from streams.sources import Decoder, profile_commands

BATCH_EVENTS = 2_000


@dataclass
class Playback:
    """One pass over the files; `lines`, `rejected` and `passed_over`, by what the line is, count as it goes.

    until_ms: where time ends; events after it are passed over, as if they had not happened yet. progress: told of a
    file whenever some of it has been read.
    """

    shard: Shard
    decoder: Decoder
    files: Sequence[LineFile]
    reject: Callable[[RejectedLine], object]
    until_ms: int | None = None
    progress: Callable[[LineFile], object] = lambda _: None
    keep_unlinked_ms: int = KEEP_UNLINKED_MS
    merge_users: bool = False
    lines: int = 0
    rejected: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    identities: Identities = field(init=False)
    _unread: dict[str, LineFile] = field(init=False)

    def __post_init__(self) -> None:
        # A file may be named twice.
        self._unread = {f"{place} {file.name}": file for place, file in enumerate(self.files)}
        self._sources = tuple(self._unread)
        self._inbox = Inbox(self._sources)
        self.identities = Identities.empty(self.shard, self.keep_unlinked_ms, self.merge_users)

    def changes(self) -> Iterator[Change]:
        refreshing = Refreshing(self.shard)
        while self._unread or any(map(self._inbox.held, self._sources)):
            for source in self._sources:
                if source in self._unread and not self._inbox.held(source):
                    self._read(source)
            batch = self._inbox.take(BATCH_EVENTS)
            if len(batch):
                yield from self._apply(refreshing, batch)
        yield from refreshing.pass_time(self._newest_ms() if self.until_ms is None else self.until_ms)

    def _apply(self, refreshing: Refreshing, batch: Batch) -> Iterator[Change]:
        merges = self.identities.merges
        for part in self.identities.resolve(batch):
            yield from self.identities.take_changes()
            yield from refreshing.step(part)
        yield from self.identities.take_changes()
        for unable in merges.take_unable():
            places = [at for at, event in enumerate(batch.events) if unable.is_about(event)]
            number = int(batch.offsets[places[0]]) if places else 0
            source = self._sources[int(batch.sources[places[0]]) if places else 0]
            self.rejected += 1
            self.reject(
                RejectedLine(source.partition(" ")[2], number, profile_commands.encode(unable.command), unable.why)
            )

    def _newest_ms(self) -> int:
        """The newest event's time: of those that counted, as a repeat moves no time."""
        table = self.shard.table
        return int(table.memory.words[: len(table), CLOCK].max(initial=NEVER))

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
        for number, line in chunk:
            self.lines += 1
            match self.decoder.decode_line(line):
                case Event() as event:
                    if self.until_ms is None or event.ts <= self.until_ms:
                        events.append(event)
                        numbers.append(number)
                case Reject() as why:
                    self.rejected += 1
                    self.reject(RejectedLine(file.name, number, line, why))
                case Ignored(kind):
                    self.passed_over[kind] += 1
        self._inbox.add(source, Batch.of(events, numbers), chunk.first + len(chunk.lines))
