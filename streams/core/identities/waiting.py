"""The records that wait under aliases, in a place of their own, which is bounded.

Comes in: records as `kept` writes them. Goes out: those of an alias, in order of arrival; which alias is to go where
there is no room; and what is to be written.

So many bytes in all: what a robot leaves behind by the million costs no user's memory.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final

import numpy as np

from streams.core.identities import kept
from streams.core.identities.kept import Kept

MOST_BYTES: Final = 512 << 20  # of a shard
BYTES_BESIDE: Final = 330  # what a record costs beside its text and its alias, in memory and in Redis
AT_ONCE: Final = 2_000  # records to load: some milliseconds
BETWEEN: Final = "\0"  # an alias and a number, in the name of a kept record


class Waiting:
    """Of one shard. next_number: of the next record, greater than that of any before. bytes: what all of it takes."""

    def __init__(self, most_bytes: int):
        self._of: dict[str, tuple[bytes, ...]] = {}  # the alias that was quiet for longest is first
        self._quiet: dict[
            str, None
        ] = {}  # the first ones: to find where a great dict begins takes long, once some went
        self._most_bytes, self.bytes = most_bytes, 0
        self._put: dict[str, bytes] = {}
        self._drop: set[str] = set()
        self.next_number = 0

    def fill(self, records: Mapping[str, bytes]) -> Iterator[None]:
        """With what is stored, by name, slice by slice: there may be a million."""
        names, numbers = list(records), list[int]()
        for at, name in enumerate(names, 1):
            numbers.append(int(name.rpartition(BETWEEN)[2]))
            if not at % AT_ONCE:
                yield
        order = np.array(numbers, np.int64)
        yield
        order = np.argsort(order)
        yield
        for turn, at in enumerate(order.tolist(), 1):
            self._add(names[at].rpartition(BETWEEN)[0], records[names[at]])
            self.next_number = numbers[at] + 1
            if not turn % AT_ONCE:
                yield

    def __len__(self) -> int:
        """Under how many aliases something waits."""
        return len(self._of)

    def __contains__(self, alias: str) -> bool:
        return alias in self._of

    def raw(self, alias: str) -> tuple[bytes, ...]:
        return self._of.get(alias, ())

    def of(self, alias: str) -> list[Kept]:
        return [kept.read(raw) for raw in self.raw(alias)]

    def add(self, alias: str, raw: bytes) -> None:
        """A record that was given `next_number`."""
        self._put[_name(alias, self.next_number)] = raw
        self.next_number += 1
        self._add(alias, raw)

    def keep_only(self, alias: str, numbers: Collection[int]) -> int:
        """Of an alias, in its place, the records of these numbers; how many went."""
        before = {kept.number_of(raw): raw for raw in self.raw(alias)}
        gone = before.keys() - numbers
        for number in gone:
            self.bytes -= _cost(alias, before[number])
            self._put.pop(_name(alias, number), None)
            self._drop.add(_name(alias, number))
        if len(gone) < len(before):
            self._of[alias] = tuple(raw for number, raw in before.items() if number not in gone)
        else:
            self._quiet.pop(alias, None)
            self._of.pop(alias, None)
        return len(gone)

    @property
    def too_much(self) -> str | None:
        """The alias that was quiet for longest, if there is more than there is room for."""
        if self.bytes <= self._most_bytes:
            return None
        if not self._quiet:
            self._quiet = dict.fromkeys(islice(self._of, AT_ONCE))
        return next(iter(self._quiet))

    def take(self) -> tuple[list[tuple[str, bytes]], list[str]]:
        """Since the last call: the records to be written, by name, and the names of those that are to go."""
        put, drop = list(self._put.items()), list(self._drop)
        self._put, self._drop = {}, set()
        return put, drop

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return len(self._put) + len(self._drop)

    def _add(self, alias: str, raw: bytes) -> None:
        self._quiet.pop(alias, None)
        self._of[alias] = (*self._of.pop(alias, ()), raw)
        self.bytes += _cost(alias, raw)


def _name(alias: str, number: int) -> str:
    """Under which a record is stored."""
    return f"{alias}{BETWEEN}{number}"


def _cost(alias: str, raw: bytes) -> int:
    return len(raw) + 2 * len(alias) + BYTES_BESIDE
