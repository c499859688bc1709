"""Files through the engine: what `segmenter replay` runs (docs/semantics.md#replay).

Comes in: a rulebook and files of events. Goes out: the changes, each user's in order of time.

    Arrivals (files, merged by time) ──▶ Played: Identities ──▶ Refreshing.step ──▶ changes
    at the end ──▶ Played.pass_time ──▶ changes
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.core.identities.questions import Unable
from streams.core.identities.refusals import RefusedLink
from streams.core.kernel.layout import CLOCK, NEVER
from streams.eventfiles.arrivals import Arrivals
from streams.eventfiles.decoded import DecodedLines, Lines
from streams.eventfiles.rejects import RejectedLine
from streams.settings import KEEP_UNLINKED_MS
from streams.sources import Decoder, profile_commands


class Played:
    """One shard that holds all users, to which arrivals are applied."""

    def __init__(self, shard: Shard, keep_unlinked_ms: int = KEEP_UNLINKED_MS, merge_users: bool = False):
        self.shard = shard
        self.identities = Identities.empty(shard, keep_unlinked_ms, merge_users)
        self._refreshing = Refreshing(shard)

    def apply(self, batch: Batch, arrivals: Arrivals | None) -> Iterator[Change]:
        """arrivals: who is told of merges and links that cannot be."""
        for part in self.identities.resolve(batch):
            yield from self.identities.take_changes()
            yield from self._refreshing.step(part)
        yield from self.identities.take_changes()
        unable, links = self.identities.merges.take_unable(), self.identities.refusals.take_to_tell()
        if arrivals is not None:
            for each in unable:
                arrivals.refuse(batch, _which(batch, each), profile_commands.encode(each.command), each.why)
            for link in links:
                arrivals.refuse(batch, _which(batch, link), link.value, link.why)

    def pass_time(self, until_ms: int) -> Iterator[Change]:
        """Time comes for all."""
        yield from self._refreshing.pass_time(until_ms)

    @property
    def newest_ms(self) -> int:
        """The newest event's time: of those that counted, as a repeat moves no time."""
        table = self.shard.table
        return int(table.memory.words[: len(table), CLOCK].max(initial=NEVER))


def _which(batch: Batch, told: Unable | RefusedLink) -> int | None:
    """The event that it is about."""
    return next((at for at, event in enumerate(batch.events) if told.is_about(event)), None)


@dataclass
class Playback:
    """One pass over the files; `lines`, `rejected` and `passed_over`, by what the line is, count as it goes.

    until_ms: where time ends; events after it are passed over, as if they had not happened yet. progress: called
    whenever some of a file has been read.
    """

    shard: Shard
    decoder: Decoder
    files: Sequence[Lines]
    reject: Callable[[RejectedLine], object]
    until_ms: int | None = None
    progress: Callable[[], object] = lambda: None
    keep_unlinked_ms: int = KEEP_UNLINKED_MS
    merge_users: bool = False
    _played: Played = field(init=False)
    _arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        self._played = Played(self.shard, self.keep_unlinked_ms, self.merge_users)
        sources = [DecodedLines(file, self.decoder) for file in self.files]
        self._arrivals = Arrivals(sources, self.reject, self.until_ms, self.progress)

    @property
    def identities(self) -> Identities:
        return self._played.identities

    @property
    def lines(self) -> int:
        return self._arrivals.lines

    @property
    def rejected(self) -> int:
        return self._arrivals.rejected

    @property
    def passed_over(self) -> Counter[str]:
        return self._arrivals.passed_over

    def changes(self) -> Iterator[Change]:
        """Those that anybody is told of: none of rules in shadow."""
        return (change for change in self._changes() if not change.is_shadow)

    def _changes(self) -> Iterator[Change]:
        self._arrivals.progress = self.progress
        for batch in self._arrivals.batches():
            yield from self._played.apply(batch, self._arrivals)
        yield from self._played.pass_time(self._played.newest_ms if self.until_ms is None else self.until_ms)
