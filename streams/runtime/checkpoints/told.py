"""Where the last change that was told of each user by each rule led: a state that is made anew comes of another order
of the same events, and may lead elsewhere.

Comes in: the changes that stand on `segment-changes`, and those that a shard tells while it is made anew. Goes out: who
stands elsewhere by which rule; and how far time had come.

Once a state is made anew, and before anything new is applied, each profile is where it was told to be by each rule, or
the next change says how it comes there from where the last one led. So whoever follows changes alone, and knows
repeats by their ids, ends where users stand. It is part of a checkpoint like any other: of one that was not saved
nobody has heard, and by one that was, it is the last that was told, after which nothing differs any more.

Who stands where the last change led has come there by fewer changes, perhaps: those that were told count, so that the
next bears no id that was told of another.

Time had come at least as far as the last change says that time alone has made. It comes as far here, whatever the
clock says: else whoever was told to be idle would be told not to be yet, and once more to be a little later. But for
one user time may have been ahead of the clock of then, by an event of hers that was: others have that time before them.

Nothing is told so

- where no change stands there any more, by which she was told to be in or out;
- by a rule that is removed or in shadow by now, nor that a level is left of a tier that is a segment now;
- by a rule that hangs on quintiles: their edges are lost as well, and what new ones make of profiles is told then;
- of who has no profile: whoever was erased or merged away is told to leave by that.

Of a change 24 bytes are kept here while they are read, and of a user and rule 24 until the state has caught up.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from streams.core.arrays import Ints
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.instants import parse_time
from streams.core.kernel.layout import NEVER
from streams.core.rules.rulebook import Grouping

AT_ONCE: Final = 500  # profiles: about a millisecond, where nobody stands elsewhere
OUT: Final = 0  # where an exit leads to
MOST: Final = (1 << 32) - 1  # of an ordinal
BY_TIME: Final = ("timer", "backfill")  # these are of when time had come


class Led(NamedTuple):
    """By which rule a user was led last to a segment, None to none of its own; ordinal: of that change."""

    user: str
    rule: str
    segment: str | None
    ordinal: int


class Said(msgspec.Struct, gc=False):
    """What counts here of what a change says."""

    rule: str
    segment: str
    type: str
    ordinal: int
    cause: str = ""
    occurred_at: str = ""
    detected_at: str = ""

    @property
    def entered(self) -> bool:
        return self.type != "segment.exited"


_decode = msgspec.json.Decoder(Said).decode


class Told:
    """whose: a hash of each user and rule of whom anything was told, in order. led_to: the place among `segments` of
    where the last of that led; ordinals, told_ms: of that one. time_ms: how far time had come, at least."""

    def __init__(
        self,
        whose: npt.NDArray[Any],
        led_to: npt.NDArray[Any],
        ordinals: npt.NDArray[Any],
        told_ms: npt.NDArray[Any],
        segments: Mapping[str, int],
        time_ms: int = NEVER,
    ):
        self.time_ms, self._told_ms = time_ms, told_ms
        self._whose, self._led_to, self._ordinals, self._segments = whose, led_to, ordinals, dict(segments)

    def follow(self, user: bytes, change: Change | Said) -> None:
        """It is told after what was read. Of whom nothing was, all that makes up her state is told now."""
        place = self._find(user, change.rule)
        if place is not None:
            self._led_to[place] = _place(self._segments, change)
            self._ordinals[place] = change.ordinal & MOST
            at_ms = change.occurred_at if isinstance(change, Change) else parse_time(change.occurred_at)
            self._told_ms[place] = NEVER if at_ms is None else at_ms

    def follow_raw(self, user: bytes, raw: bytes) -> None:
        """The same as it is published."""
        self.follow(user, _decode(raw))

    def last_of(self, user: str, rule: str) -> Led | None:
        place = self._find(user.encode(), rule)
        return None if place is None else self._led(user, rule, place)

    def pieces(self, shard: Shard) -> Iterator[Ints]:
        """The rows of a shard, some at a time."""
        rows = shard.table.taken() if len(self._whose) else np.empty(0, np.int64)
        for begin in range(0, len(rows), AT_ONCE):
            yield rows[begin : begin + AT_ONCE]

    def elsewhere(self, shard: Shard, rows: Ints) -> list[Led]:
        """Of each of these who stands elsewhere than where she was led to, that."""
        users = shard.table.subjects_of(rows)
        return [
            self._led(users[at], rule.name, int(found[at]))
            for rule, found, differs, _ in self._compared(shard, users, rows)
            for at in np.flatnonzero(differs).tolist()
        ]

    def count_on(self, shard: Shard, rows: Ints) -> None:
        """Of these, what was told of who stands where she was led to counts, though the history that is made is another
        one, of fewer changes: else the next would have the id of one that was told."""
        for rule, found, differs, lacks in self._compared(shard, shard.table.subjects_of(rows), rows):
            these = np.flatnonzero(lacks & ~differs)
            if len(these):
                at = found[these]
                shard.count_on(rule, rows[these], self._ordinals[at].astype(np.int64), self._told_ms[at])

    def _compared(self, shard: Shard, users: Sequence[str], rows: Ints) -> Iterator[tuple[Grouping, Any, Any, Any]]:
        """By rule: the place of each here; whether she stands elsewhere, and whether she has fewer changes, where
        anything was told."""
        hashes = np.array([xxh3_64_intdigest(user.encode()) for user in users], np.uint64)
        for rule, levels, ordinals in shard.levels(rows):
            wanted = hashes ^ np.uint64(_of_rule(rule.name))
            found = np.minimum(np.searchsorted(self._whose, wanted), len(self._whose) - 1)
            stands = np.array([OUT, *(self._segments.get(each, MOST) for each in rule.segments)], np.uint32)[levels]
            is_known = self._whose[found] == wanted
            yield rule, found, is_known & (self._led_to[found] != stands), is_known & (ordinals < self._ordinals[found])

    def _led(self, user: str, rule: str, place: int) -> Led:
        segment = next(name for name, number in self._segments.items() if number == self._led_to[place])
        return Led(user, rule, segment or None, int(self._ordinals[place]))

    def _find(self, user: bytes, rule: str) -> int | None:
        wanted = np.uint64(xxh3_64_intdigest(user) ^ _of_rule(rule))
        place = int(np.searchsorted(self._whose, wanted))
        return place if place < len(self._whose) and self._whose[place] == wanted else None


class Reading:
    """Changes, in the order in which they stand there."""

    def __init__(self) -> None:
        self._whose, self._led_to, self._ordinals = array("Q"), array("I"), array("I")
        self._segments: dict[str, int] = {"": OUT}
        self._told_ms, self._time_ms = array("q"), NEVER

    def add(self, user: bytes, raw: bytes) -> None:
        """msgspec.DecodeError: it is no change."""
        said = _decode(raw)
        self._whose.append(xxh3_64_intdigest(user) ^ _of_rule(said.rule))
        self._led_to.append(_place(self._segments, said))
        self._ordinals.append(said.ordinal & MOST)
        self._told_ms.append(parse_time(said.occurred_at) or NEVER)
        if said.cause in BY_TIME:
            self._time_ms = max(self._time_ms, parse_time(min(said.occurred_at, said.detected_at)) or NEVER)

    def told(self, places: npt.NDArray[np.intp]) -> Told:
        """By the changes at these places: each where it stood first, as by whoever knows repeats by their ids."""
        newest_first = np.sort(places)[::-1]
        whose, last = np.unique(np.frombuffer(self._whose, np.uint64)[newest_first], return_index=True)
        at = newest_first[last]
        led_to, ordinals = (np.frombuffer(each, np.uint32)[at] for each in (self._led_to, self._ordinals))
        told_ms = np.frombuffer(self._told_ms, np.int64)[at]
        return Told(whose, led_to, ordinals, told_ms, self._segments, self._time_ms)


def _place(segments: dict[str, int], change: Change | Said) -> int:
    return segments.setdefault(change.segment, len(segments)) if change.entered else OUT


def _of_rule(name: str) -> int:
    return xxh3_64_intdigest(name.encode(), seed=1)
