"""How long people stay in a segment: after how long a quarter, half and three quarters of those who come have left.

Comes in: the name of a segment or a level. Goes out: `StaysShown`, from the timelines of some users; None while they
are read, or where they cannot be. Who is still in counts for as long as they have been (`streams.core.survival`), so
that long stays, most of which last, are not passed over.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.profiles.snapshot import Head
from streams.core.survival import left_after, staying_after
from streams.outputs.timeline import TimelineEntry, decode_entry
from streams.rulefiles.naming import UnknownSegment
from streams.state.format import ROWS, TIMELINE
from streams.state.store import Store
from streams.web.views.counting import Counting
from streams.web.views.window import Window

LOOKED_AT: Final = 5_000  # users, drawn as they lie: some tenths of a second
FEWEST: Final = 5  # stays that ended, to say anything of
AFTER: Final[Sequence[tuple[str, int]]] = (
    ("an hour", HOUR_MS),
    ("a day", DAY_MS),
    ("3 days", 3 * DAY_MS),
    ("a week", 7 * DAY_MS),
    ("2 weeks", 14 * DAY_MS),
    ("30 days", 30 * DAY_MS),
    ("90 days", 90 * DAY_MS),
    ("a year", 365 * DAY_MS),
)
ALL: Final = "all"  # segments are read together


class Staying(msgspec.Struct, frozen=True, gc=False):
    """share: of all who come, who is in for longer than that."""

    after: str
    after_ms: int
    share: float


class StaysShown(msgspec.Struct, frozen=True, gc=False):
    """ended, lasting: stays that were looked at, of `looked_at` of `profiles` users. quarter_ms, half_ms,
    three_quarters_ms: after so long (ms) so many of those who come have left; null where that was not seen yet, or
    where there are too few to say. staying: as far as stays reach.
    """

    segment: str
    ended: int
    lasting: int
    quarter_ms: int | None
    half_ms: int | None
    three_quarters_ms: int | None
    staying: tuple[Staying, ...]
    looked_at: int
    profiles: int


@dataclass
class Lengths:
    """Of the stays in a segment (ms): those that ended, and of those that last so far."""

    ended: list[int] = field(default_factory=list)
    lasting: list[int] = field(default_factory=list)


@dataclass
class _All:
    stays: Mapping[str, Lengths]
    looked_at: int
    profiles: int


class Stays:
    def __init__(self, window: Window):
        self._window = window
        self._counting = Counting[_All](window, "stays")

    async def of(self, segment: str, waits_s: float | None = None) -> StaysShown | None:
        rulebook = (await self._window.rules()).rulebook
        if segment not in rulebook.segments:
            raise UnknownSegment(segment, rulebook.segments, rulebook.names)
        found = await self._counting.of(ALL, "", self._read, waits_s)
        return None if found is None else _shown(segment, found)

    async def _read(self, store: Store) -> _All:
        shards = await store.shards.all()
        profiles = sum(each.profiles for each in shards.values())
        stays, looked_at = defaultdict[str, Lengths](Lengths), 0
        for shard, stored in shards.items():
            some = min(stored.profiles, -(-LOOKED_AT * stored.profiles // max(1, profiles)))
            users = list(await store.shards.some(shard, ROWS, some)) if some else []
            looked_at += len(users)
            now_ms = max(self._window.clock(), Head.decode(stored.head).time_ms)
            for entries in (await store.shards.lists(shard, TIMELINE, users)).values():
                add_stays(stays, map(decode_entry, reversed(entries)), now_ms)
        return _All(stays, looked_at, max(profiles, looked_at))


def add_stays(stays: defaultdict[str, Lengths], entries: Iterable[TimelineEntry], now_ms: int) -> None:
    """Those of a user, by a timeline whose oldest entry comes first. What began before it is not known, and left out;
    who leaves because they were merged into another has not stayed any shorter for that."""
    since: dict[str, int] = {}
    for entry in entries:
        leaves = entry.previous if entry.type == "segment.changed" else entry.segment
        if leaves in since and (entry.type != "segment.entered"):
            length = max(0, entry.occurred_at - since.pop(leaves))
            (stays[leaves].lasting if entry.merged_into else stays[leaves].ended).append(length)
        if entry.type != "segment.exited":
            since[entry.segment] = entry.occurred_at
    for segment, began_ms in since.items():
        stays[segment].lasting.append(max(0, now_ms - began_ms))


def _shown(segment: str, found: _All) -> StaysShown:
    its = found.stays.get(segment, Lengths())
    ended, lasting = its.ended, its.lasting
    if len(ended) < FEWEST:
        return StaysShown(segment, len(ended), len(lasting), None, None, None, (), found.looked_at, found.profiles)
    shares = ((name, ms, staying_after(ms, ended, lasting)) for name, ms in AFTER)
    return StaysShown(
        segment=segment,
        ended=len(ended),
        lasting=len(lasting),
        quarter_ms=left_after(0.25, ended, lasting),
        half_ms=left_after(0.5, ended, lasting),
        three_quarters_ms=left_after(0.75, ended, lasting),
        staying=tuple(Staying(name, ms, round(share, 6)) for name, ms, share in shares if share is not None),
        looked_at=found.looked_at,
        profiles=found.profiles,
    )
